"""Weights between those before and those after fine-tuning."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.console import log

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)


def blend_weights(
    model: Any, before: Sequence[npt.NDArray[Any]], score: Callable[[], float]
) -> float:
    """Move a model's weights back towards earlier ones, as far as validation is best.

    What fine-tuning learns of its pictures it partly pays for with what it forgets; the weights in
    between keep most of both (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models",
    arXiv:2109.01903). With all the way back among the choices, fine-tuning cannot make it worse on
    the pictures that choose.

    Args:
        model: Keras model after fine-tuning; is left with the chosen weights.
        before: Its weights before.
        score: Judges the model as it is; more is better.

    Returns:
        Share of the fine-tuned weights, one of :data:`SHARES`; the larger one of equals.
    """
    after = model.get_weights()
    scores = {}
    for share in SHARES:
        model.set_weights(_between(before, after, share))
        scores[share] = score()
    best = max(SHARES, key=lambda share: (scores[share], share))
    model.set_weights(_between(before, after, best))
    log.info(
        "weights: %.0f %% of the fine-tuned, validation ROC-AUC %.4f (all of them: %.4f, none: "
        "%.4f)",
        *(100 * best, scores[best], scores[1.0], scores[0.0]),
    )
    return best


def _between(
    before: Sequence[npt.NDArray[Any]], after: Sequence[npt.NDArray[Any]], share: float
) -> list[npt.NDArray[Any]]:
    return [
        old + np.asarray(share, old.dtype) * (new - old)
        for old, new in zip(before, after, strict=True)
    ]
