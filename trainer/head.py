"""Trains the one sigmoid neuron on the features of the frozen base."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.console import log, progress
from edge_runtime.evaluation import roc_auc

_LEARNING_RATE = 1e-3
_WEIGHT_DECAY = 1e-2
_BATCH_SIZE = 128
_PATIENCE = 15

Array = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Head:
    """A trained neuron.

    Attributes:
        kernel: float32 (C,), for raw features.
        bias: For the training pictures' own share of positives.
        history: One row an epoch: epoch, loss, auc, val_loss, val_auc.
        best_epoch: Epoch that the weights are from.
    """

    kernel: Array
    bias: float
    history: tuple[dict[str, float], ...]
    best_epoch: int

    def logits(self, features: Array) -> npt.NDArray[np.float64]:
        """Logits (n,) of features (n, C)."""
        return features.astype(np.float64) @ self.kernel.astype(np.float64) + self.bias


def train_head(
    keras: Any,
    train: tuple[Array, npt.NDArray[np.int_]],
    valid: tuple[Array, npt.NDArray[np.int_]],
    *,
    epochs: int,
    seed: int,
) -> Head:
    """Logistic regression with class weights, stopped where validation ROC-AUC is best.

    Features are standardised for training and the scaling is folded into the weights. Class
    weights shift the logit by the log of their ratio; the bias is moved back by it, so that
    scores mean the training pictures' own share of positives (King and Zeng 2001, "Logistic
    Regression in Rare Events Data", prior correction).

    Args:
        keras: The keras package.
        train: Features (n, C) and labels (n,), 0 or 1.
        valid: The same of the validation pictures.
        epochs: At most so many.
        seed: Fixes order and initial values.
    """
    keras.utils.set_random_seed(seed)
    mean, deviation = train[0].mean(axis=0), train[0].std(axis=0) + 1e-6
    x_train, x_valid = ((part[0] - mean) / deviation for part in (train, valid))
    positives = train[1].mean()
    class_weights = np.array([0.5 / (1 - positives), 0.5 / positives], np.float32)
    neuron = _compiled_neuron(keras, x_train.shape[1])
    history: list[dict[str, float]] = []
    best, best_weights = -1.0, neuron.get_weights()
    for epoch in progress(range(1, epochs + 1), epochs, "epochs"):
        neuron.fit(
            x_train,
            train[1].reshape(-1, 1),
            sample_weight=class_weights[train[1]],
            batch_size=_BATCH_SIZE,
            verbose=0,
        )
        kernel, bias = neuron.get_weights()
        row: dict[str, float] = {"epoch": epoch}
        for prefix, x, y in (("", x_train, train[1]), ("val_", x_valid, valid[1])):
            logits = x @ kernel[:, 0] + bias[0]
            row[prefix + "loss"] = _weighted_loss(logits, y, class_weights)
            row[prefix + "auc"] = float(roc_auc(y, logits))
        history.append(row)
        if row["val_auc"] > best:
            best, best_weights, best_epoch = row["val_auc"], neuron.get_weights(), epoch
        elif epoch - best_epoch >= _PATIENCE:
            break
    log.info("best epoch %d of %d, validation ROC-AUC %.3f", best_epoch, len(history), best)
    kernel = (best_weights[0][:, 0] / deviation).astype(np.float32)
    shift = float(np.log(class_weights[1] / class_weights[0]))
    bias = float(best_weights[1][0] - mean @ kernel) - shift
    return Head(kernel=kernel, bias=bias, history=tuple(history), best_epoch=best_epoch)


def _compiled_neuron(keras: Any, features: int) -> Any:
    neuron = keras.Sequential(
        [keras.Input((features,)), keras.layers.Dense(1, kernel_initializer="zeros")]
    )
    neuron.compile(
        optimizer=keras.optimizers.AdamW(_LEARNING_RATE, weight_decay=_WEIGHT_DECAY),
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
    )
    return neuron


def _weighted_loss(logits: Array, labels: npt.NDArray[np.int_], class_weights: Array) -> float:
    """Mean weighted cross-entropy of logits (n,)."""
    losses = np.logaddexp(0.0, np.where(labels == 1, -logits, logits))
    return float(np.average(losses, weights=class_weights[labels]))
