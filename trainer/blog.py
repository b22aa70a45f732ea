"""The published baseline as it was written, to compare with.

Frozen base on pixels / 255, a dense layer of 1,024 units, two-way softmax, Adam at 1e-3, 15 epochs
of batches of 32 with shear 0.2 (degrees, as Keras' ImageDataGenerator reads it), zoom 0.2 and
horizontal flip; no class weights, the last epoch's weights. What is frozen is computed once here
too: the epochs take turns with the stored views.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.console import log, progress
from edge_runtime.evaluation import roc_auc
from trainer.augmentation import AugmentationRanges
from trainer.feature_rows import dense_logits
from trainer.frozen import FrozenOutputs
from trainer.head import Head

EPOCHS = 15
BATCH_SIZE = 32
RANGES = AugmentationRanges(
    symmetries=2,
    rotation_deg=0,
    zoom=0.2,
    shear=float(np.tan(np.deg2rad(0.2))),
    shift=0,
    white_balance=0,
    exposure=0,
    gamma=0,
    saturation=0,
)
_UNITS = 1024
_LEARNING_RATE = 1e-3

Indices = npt.NDArray[np.int_]
Array = npt.NDArray[np.float32]


def build_blog_head(keras: Any, features: int) -> Any:
    """The baseline's head, compiled: features (n, C) to two shares (n, 2)."""
    model = keras.Sequential(
        [
            keras.Input((features,)),
            keras.layers.Dense(_UNITS, activation="relu"),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(_LEARNING_RATE), loss="sparse_categorical_crossentropy"
    )
    return model


def train_blog_head(
    keras: Any,
    features: FrozenOutputs,
    labels: npt.NDArray[np.int_],
    parts: tuple[Indices, Indices],
    *,
    views: int,
    seed: int,
) -> Head:
    """Train the baseline's head.

    Args:
        keras: The keras package.
        features: Of all pictures, with augmented views of the training pictures.
        labels: 0 or 1 of all pictures (n,).
        parts: Indices of the training and of the validation pictures.
        views: Number of augmented views; 0 trains on the pictures themselves.
        seed: Fixes order and initial values.
    """
    keras.utils.set_random_seed(seed)
    train, valid = parts
    model = build_blog_head(keras, features.rows(0, valid).shape[1])
    history = []
    for epoch in progress(range(1, EPOCHS + 1), EPOCHS, "epochs"):
        view = 1 + (epoch - 1) % views if views else 0
        inputs = features.rows(view, train)
        model.fit(inputs, labels[train], batch_size=BATCH_SIZE, verbose=0)
        layers = _with_one_logit(model)
        row: dict[str, float] = {"epoch": epoch}
        for prefix, part, shown in (("", train, inputs), ("val_", valid, features.rows(0, valid))):
            logits = dense_logits(shown, layers)
            row[prefix + "loss"] = _loss(logits, labels[part])
            row[prefix + "auc"] = roc_auc(labels[part], logits)
        history.append(row)
    log.info("last epoch %d, validation ROC-AUC %.3f", EPOCHS, history[-1]["val_auc"])
    return Head(layers=_with_one_logit(model), history=tuple(history), best_epoch=EPOCHS)


def _with_one_logit(model: Any) -> tuple[tuple[Array, Array], ...]:
    """The same function with one logit: a two-way softmax is the sigmoid of the difference."""
    hidden, (kernel, bias) = (layer.get_weights() for layer in model.layers)
    return tuple(hidden), (kernel[:, 1:] - kernel[:, :1], bias[1:] - bias[:1])


def _loss(logits: npt.NDArray[np.float64], labels: npt.NDArray[np.int_]) -> float:
    return float(np.logaddexp(0.0, np.where(labels == 1, -logits, logits)).mean())
