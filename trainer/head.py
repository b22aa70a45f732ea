"""The head: dense layers on pooled features, and what all ways of training it share."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_runtime.evaluation import roc_auc
from trainer.feature_rows import FeatureRows
from trainer.standardisation import Array, Layers

# Units of the dense layers; the last is the logit.
HEADS = {"neuron": (1,), "dense1024": (1024, 1)}


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


def shift_logit(
    layers: Sequence[tuple[Array, Array]], shift: float
) -> tuple[tuple[Array, Array], ...]:
    """The same layers with ``shift`` added to the logit."""
    *hidden, (kernel, bias) = layers
    return (*hidden, (kernel, (bias + shift).astype(np.float32)))


def balanced_weights(labels: npt.NDArray[np.int_]) -> Array:
    """Weights (2,) of the classes with which both count alike and rows weigh 1 on average."""
    positives = labels.mean()
    return np.array([0.5 / (1 - positives), 0.5 / positives], np.float32)


def with_own_share(layers: Layers, class_weights: Array) -> tuple[tuple[Array, Array], ...]:
    """Layers learned with class weights, so that scores mean the rows' own share of positives.

    The bias is corrected as by King and Zeng 2001, "Logistic Regression in Rare Events Data".
    """
    return shift_logit(layers, -float(np.log(class_weights[1] / class_weights[0])))


def epoch_row(
    epoch: int, layers: Layers, train: FeatureRows, valid: FeatureRows, class_weights: Array
) -> dict[str, float]:
    """Loss and ROC-AUC of both parts, on the whole of them."""
    row: dict[str, float] = {"epoch": epoch}
    for prefix, part in (("", train), ("val_", valid)):
        logits, labels = part.logits(layers), part.row_labels
        row[prefix + "loss"] = _weighted_loss(logits, labels, class_weights)
        row[prefix + "auc"] = roc_auc(labels, logits)
    return row


def _weighted_loss(
    logits: npt.NDArray[np.float64], labels: npt.NDArray[np.int_], class_weights: Array
) -> float:
    """Mean weighted cross-entropy of logits (n,)."""
    losses = np.logaddexp(0.0, np.where(labels == 1, -logits, logits))
    return float(np.average(losses, weights=class_weights[labels]))
