"""Stage 1 of a head with a hidden layer: gradient descent, stopped where validation is best."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.console import log, progress
from trainer.feature_rows import FeatureRows
from trainer.head import HEADS, Head, balanced_weights, epoch_row, with_own_share
from trainer.standardisation import Array, Standardisation

_LEARNING_RATE = 1e-4
_WEIGHT_DECAY = 1e-2
_BATCH_SIZE = 128
_PATIENCE = 15
_DROPOUT = 0.5


def train_hidden_layer(
    keras: Any, train: FeatureRows, valid: FeatureRows, *, kind: str, epochs: int, seed: int
) -> Head:
    """Train dense layers on standardised features; both classes count alike.

    Args:
        keras: The keras package.
        train: Rows to learn from, read a batch at a time.
        valid: Rows that choose the epoch.
        kind: One of :data:`trainer.head.HEADS`.
        epochs: At most so many.
        seed: Fixes the order of the rows and initial weights.
    """
    keras.utils.set_random_seed(seed)
    scaling = Standardisation.of(train.features())
    class_weights = balanced_weights(train.row_labels)
    pictures = replace(train, views=0)
    model = _compiled(keras, kind, len(scaling.mean))
    order = np.random.default_rng(seed)
    history: list[dict[str, float]] = []
    best_epoch, best_layers = 0, scaling.for_raw(_layers(model))
    for epoch in progress(range(1, epochs + 1), epochs, "epochs"):
        for features, labels in _shuffled(train, order):
            weights = class_weights[labels]
            model.train_on_batch(scaling.apply(features), labels[:, np.newaxis], weights)
        layers = scaling.for_raw(_layers(model))
        history.append(epoch_row(epoch, layers, pictures, valid, class_weights))
        if best_epoch == 0 or history[-1]["val_auc"] > history[best_epoch - 1]["val_auc"]:
            best_epoch, best_layers = epoch, layers
        elif epoch - best_epoch >= _PATIENCE:
            break
    best = history[best_epoch - 1]["val_auc"]
    log.info("best epoch %d of %d, validation ROC-AUC %.3f", best_epoch, len(history), best)
    return Head(
        layers=with_own_share(best_layers, class_weights),
        history=tuple(history),
        best_epoch=best_epoch,
    )


def _shuffled(
    rows: FeatureRows, order: np.random.Generator
) -> Iterator[tuple[Array, npt.NDArray[np.int_]]]:
    """Features (b, C) and labels (b,) of all rows, each once."""
    labels = rows.row_labels
    numbers = order.permutation(len(labels))
    for start in range(0, len(numbers), _BATCH_SIZE):
        batch = numbers[start : start + _BATCH_SIZE]
        yield rows.rows(batch), labels[batch]


def _layers(model: Any) -> list[tuple[Array, Array]]:
    return [tuple(layer.get_weights()) for layer in model.layers if layer.weights]


def _compiled(keras: Any, kind: str, features: int) -> Any:
    model = keras.Sequential([keras.Input((features,))])
    for units in HEADS[kind][:-1]:
        model.add(keras.layers.Dense(units, activation="relu"))
        model.add(keras.layers.Dropout(_DROPOUT))
    model.add(keras.layers.Dense(1, kernel_initializer="zeros"))
    model.compile(
        optimizer=keras.optimizers.AdamW(_LEARNING_RATE, weight_decay=_WEIGHT_DECAY),
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
    )
    return model
