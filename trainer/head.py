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
Part = tuple[Array, npt.NDArray[np.int_]]


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
    train: Part,
    valid: Part,
    *,
    epochs: int,
    seed: int,
) -> Head:
    """Logistic regression with class weights, stopped where validation ROC-AUC is best.

    Features are standardised for training; the scaling is folded into the weights. The bias is
    corrected for the class weights, so that scores mean the training pictures' own share of
    positives (King and Zeng 2001, "Logistic Regression in Rare Events Data").

    Args:
        keras: The keras package.
        train: Features (n, C) and labels (n,), 0 or 1.
        valid: The same of the validation pictures.
        epochs: At most so many.
        seed: Fixes the order of the pictures.
    """
    keras.utils.set_random_seed(seed)
    mean, deviation = train[0].mean(axis=0), train[0].std(axis=0) + 1e-6
    x_train, x_valid = ((part[0] - mean) / deviation for part in (train, valid))
    positives = train[1].mean()
    class_weights = np.array([0.5 / (1 - positives), 0.5 / positives], np.float32)
    neuron = _compiled_neuron(keras, x_train.shape[1])
    parts = (x_train, train[1]), (x_valid, valid[1])
    history, best_epoch, weights = _run_epochs(neuron, *parts, class_weights, epochs)
    # For raw features, and with the logit moved back by what the class weights added to it.
    kernel = (weights[0][:, 0] / deviation).astype(np.float32)
    bias = weights[1][0] - mean @ kernel - np.log(class_weights[1] / class_weights[0])
    return Head(kernel=kernel, bias=float(bias), history=tuple(history), best_epoch=best_epoch)


def _run_epochs(
    neuron: Any, train: Part, valid: Part, class_weights: Array, epochs: int
) -> tuple[list[dict[str, float]], int, list[Array]]:
    """History, best epoch and its weights."""
    features, labels = train[0], train[1].reshape(-1, 1)
    weighting = class_weights[train[1]]
    history: list[dict[str, float]] = []
    best_epoch, best_weights = 0, neuron.get_weights()
    for epoch in progress(range(1, epochs + 1), epochs, "epochs"):
        neuron.fit(features, labels, sample_weight=weighting, batch_size=_BATCH_SIZE, verbose=0)
        weights = neuron.get_weights()
        history.append(_epoch_row(epoch, weights, train, valid, class_weights))
        if best_epoch == 0 or history[-1]["val_auc"] > history[best_epoch - 1]["val_auc"]:
            best_epoch, best_weights = epoch, weights
        elif epoch - best_epoch >= _PATIENCE:
            break
    best = history[best_epoch - 1]["val_auc"]
    log.info("best epoch %d of %d, validation ROC-AUC %.3f", best_epoch, len(history), best)
    return history, best_epoch, best_weights


def _epoch_row(
    epoch: int, weights: list[Array], train: Part, valid: Part, class_weights: Array
) -> dict[str, float]:
    """Loss and ROC-AUC of both splits, on the whole of them."""
    row: dict[str, float] = {"epoch": epoch}
    for prefix, (features, labels) in (("", train), ("val_", valid)):
        logits = features @ weights[0][:, 0] + weights[1][0]
        row[prefix + "loss"] = _weighted_loss(logits, labels, class_weights)
        row[prefix + "auc"] = roc_auc(labels, logits)
    return row


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
