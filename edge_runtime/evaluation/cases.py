"""Labels, scores, weights and groups, checked once before any figure is computed from them."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edge_runtime.errors import DatasetError


def checked_cases(
    labels: ArrayLike, scores: ArrayLike, *, name: str = "scores"
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Labels as booleans, shape (n,), and scores as float64, shape (n,), of the same cases.

    Args:
        labels: 0 for the negative and 1 for the positive class, shape (n,), any numeric dtype.
        scores: finite figures that rise with the positive class, shape (n,).
        name: what the caller's argument is called, for the message of an error.

    Raises:
        DatasetError: the arrays are empty, of unequal or other shape, or hold other values.
    """
    label_values = np.asarray(labels)
    score_values = np.asarray(scores, dtype=np.float64)
    if (
        label_values.ndim != 1
        or label_values.shape != score_values.shape
        or label_values.shape[0] == 0
    ):
        raise DatasetError(
            f"Labels and {name} must be one-dimensional, equally long and not empty. "
            f"Received: labels.shape={label_values.shape}, {name}.shape={score_values.shape}. "
            f"Pass one label and one figure per picture; flatten (n, 1) outputs with ravel()."
        )
    strange = label_values[(label_values != 0) & (label_values != 1)]
    if strange.size:
        raise DatasetError(
            f"Labels must be 0 or 1. Received: labels with {strange[0]!r} "
            f"({strange.size} of {label_values.size} values are neither). "
            "Map the class names to 0 (negative) and 1 (positive) first."
        )
    unusable = int(np.count_nonzero(~np.isfinite(score_values)))
    if unusable:
        raise DatasetError(
            f"Expected finite {name}. Received: {unusable} of {score_values.size} {name} are "
            "NaN or infinite. Remove those pictures, or find out why the model fails on them."
        )
    return label_values.astype(np.bool_), score_values


def checked_probabilities(
    labels: ArrayLike, scores: ArrayLike
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Checked labels, and scores that are also in [0, 1]; see `checked_cases`.

    Raises:
        DatasetError: as `checked_cases`, or a score is below 0 or above 1.
    """
    positive, values = checked_cases(labels, scores)
    if values.min() < 0.0 or values.max() > 1.0:
        raise DatasetError(
            "Expected scores in [0, 1]. "
            f"Received: min(scores)={values.min():g}, max(scores)={values.max():g}. "
            "Pass the sigmoid of the logits, not the logits."
        )
    return positive, values


def checked_weights(weights: ArrayLike, count: int) -> NDArray[np.int64]:
    """How often each of ``count`` cases occurs, int64, shape (count,), each 0 or more.

    Raises:
        DatasetError: the weights are not whole, are negative, or are not one per case.
    """
    values = np.asarray(weights)
    if values.shape != (count,) or values.dtype.kind not in "biu" or np.any(values < 0):
        raise DatasetError(
            "Expected one whole, non-negative weight per case. "
            f"Received: weights.shape={values.shape}, weights.dtype={values.dtype}, "
            f"cases={count}. Give the number of times that each case occurs."
        )
    return values.astype(np.int64)


def group_indices(groups: ArrayLike, count: int) -> tuple[NDArray[np.intp], int]:
    """Which group each of ``count`` cases is in, int, shape (count,), and how many there are.

    Groups are numbered in sorted order of their names, so the numbers do not depend on the
    order of the cases.

    Args:
        groups: a name or number per case, all of one kind, shape (count,).
        count: number of cases.

    Raises:
        DatasetError: there is not one group per case.
    """
    names = np.asarray(groups)
    if names.shape != (count,):
        raise DatasetError(
            "Expected one group per case. "
            f"Received: groups.shape={names.shape}, cases={count}. "
            "Give the lesion of every picture, in the order of the labels."
        )
    distinct, index = np.unique(names, return_inverse=True)
    return index, len(distinct)
