"""Stage 1: trains the head on the features of the frozen base."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.console import log, progress
from edge_runtime.evaluation import roc_auc
from trainer.standardisation import Array, Standardisation

# Units of the dense layers; the last is the logit.
HEADS = {"neuron": (1,), "dense1024": (1024, 1)}
_LEARNING_RATES = {"neuron": 1e-3, "dense1024": 1e-4}
_WEIGHT_DECAY = 1e-2
_BATCH_SIZE = 128
_PATIENCE = 15
_HIDDEN_DROPOUT = 0.5

Part = tuple[Array, npt.NDArray[np.int_]]


@dataclass(frozen=True, kw_only=True)
class Head:
    """Trained dense layers, ReLU between them.

    Attributes:
        layers: Kernel (m, k) and bias (k,) of each, for raw features; the last has one unit, its
            bias that of the training pictures' own share of positives.
        history: One row an epoch: epoch, loss, auc, val_loss, val_auc.
        best_epoch: Epoch that the weights are from.
    """

    layers: tuple[tuple[Array, Array], ...]
    history: tuple[dict[str, float], ...]
    best_epoch: int

    def logits(self, features: Array) -> npt.NDArray[np.float64]:
        """Logits (n,) of features (n, C)."""
        return dense_logits(features, self.layers)


def dense_logits(features: Array, layers: Sequence[tuple[Array, Array]]) -> npt.NDArray[np.float64]:
    """Logits (n,) of features (n, C) by dense layers with ReLU between them."""
    outputs = features.astype(np.float64)
    for number, (kernel, bias) in enumerate(layers):
        outputs = (np.maximum(outputs, 0) if number else outputs) @ kernel.astype(np.float64) + bias
    return outputs[:, 0]


def shift_logit(
    layers: Sequence[tuple[Array, Array]], shift: float
) -> tuple[tuple[Array, Array], ...]:
    """The same layers with ``shift`` added to the logit."""
    *hidden, (kernel, bias) = layers
    return (*hidden, (kernel, (bias + shift).astype(np.float32)))


def train_head(
    keras: Any,
    train: Part,
    valid: Part,
    *,
    kind: str,
    epochs: int,
    seed: int,
) -> Head:
    """Logistic regression, with a hidden layer or without; stopped where validation is best.

    Classes are weighted to count alike. Features are standardised for training; the scaling is
    folded into the weights. The bias is corrected for the class weights, so that scores mean the
    training pictures' own share of positives (King and Zeng 2001, "Logistic Regression in Rare
    Events Data").

    Args:
        keras: The keras package.
        train: Features (n, C) and labels (n,), 0 or 1.
        valid: The same of the validation pictures.
        kind: One of :data:`HEADS`.
        epochs: At most so many.
        seed: Fixes the order of the pictures and initial weights.
    """
    keras.utils.set_random_seed(seed)
    scaling = Standardisation.of(train[0])
    x_train, x_valid = (scaling.apply(part[0]) for part in (train, valid))
    positives = train[1].mean()
    class_weights = np.array([0.5 / (1 - positives), 0.5 / positives], np.float32)
    model = _compiled_head(keras, kind, x_train.shape[1])
    parts = (x_train, train[1]), (x_valid, valid[1])
    history, best_epoch, standardised = _run_epochs(model, *parts, class_weights, epochs)
    layers = scaling.for_raw(standardised)
    shift = -float(np.log(class_weights[1] / class_weights[0]))
    return Head(layers=shift_logit(layers, shift), history=tuple(history), best_epoch=best_epoch)


def _run_epochs(
    model: Any, train: Part, valid: Part, class_weights: Array, epochs: int
) -> tuple[list[dict[str, float]], int, list[tuple[Array, Array]]]:
    """History, best epoch and its layers."""
    features, labels = train[0], train[1].reshape(-1, 1)
    weighting = class_weights[train[1]]
    history: list[dict[str, float]] = []
    best_epoch, best_layers = 0, _layers(model)
    for epoch in progress(range(1, epochs + 1), epochs, "epochs"):
        model.fit(features, labels, sample_weight=weighting, batch_size=_BATCH_SIZE, verbose=0)
        layers = _layers(model)
        history.append(_epoch_row(epoch, layers, train, valid, class_weights))
        if best_epoch == 0 or history[-1]["val_auc"] > history[best_epoch - 1]["val_auc"]:
            best_epoch, best_layers = epoch, layers
        elif epoch - best_epoch >= _PATIENCE:
            break
    best = history[best_epoch - 1]["val_auc"]
    log.info("best epoch %d of %d, validation ROC-AUC %.3f", best_epoch, len(history), best)
    return history, best_epoch, best_layers


def _layers(model: Any) -> list[tuple[Array, Array]]:
    return [tuple(layer.get_weights()) for layer in model.layers if layer.weights]


def _epoch_row(
    epoch: int,
    layers: Sequence[tuple[Array, Array]],
    train: Part,
    valid: Part,
    class_weights: Array,
) -> dict[str, float]:
    """Loss and ROC-AUC of both splits, on the whole of them."""
    row: dict[str, float] = {"epoch": epoch}
    for prefix, (features, labels) in (("", train), ("val_", valid)):
        logits = dense_logits(features, layers)
        row[prefix + "loss"] = _weighted_loss(logits, labels, class_weights)
        row[prefix + "auc"] = roc_auc(labels, logits)
    return row


def _compiled_head(keras: Any, kind: str, features: int) -> Any:
    model = keras.Sequential([keras.Input((features,))])
    for units in HEADS[kind][:-1]:
        model.add(keras.layers.Dense(units, activation="relu"))
        model.add(keras.layers.Dropout(_HIDDEN_DROPOUT))
    model.add(keras.layers.Dense(1, kernel_initializer="zeros"))
    model.compile(
        optimizer=keras.optimizers.AdamW(_LEARNING_RATES[kind], weight_decay=_WEIGHT_DECAY),
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
    )
    return model


def _weighted_loss(
    logits: npt.NDArray[np.float64], labels: npt.NDArray[np.int_], class_weights: Array
) -> float:
    """Mean weighted cross-entropy of logits (n,)."""
    losses = np.logaddexp(0.0, np.where(labels == 1, -logits, logits))
    return float(np.average(losses, weights=class_weights[labels]))
