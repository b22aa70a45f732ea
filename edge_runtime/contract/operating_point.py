"""From logit to score to decision: temperature, threshold, and how well the threshold is known."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import CardSchemaError, DatasetError

RULES = ("sensitivity", "specificity")
_Z_95 = 1.959963984540054  # 97.5 % quantile of the standard normal distribution


def score_from_logit(logit: float, temperature: float) -> float:
    """The calibrated score of the positive label, in [0, 1]: sigmoid(logit / temperature).

    Temperature scaling is that of Guo et al. 2017, arXiv:1706.04599.

    Raises:
        CardSchemaError: If the temperature is not positive and finite.
    """
    if not (math.isfinite(temperature) and temperature > 0):
        raise CardSchemaError(f"temperature must be positive. Received: temperature={temperature}")
    scaled = logit / temperature
    if scaled >= 0:
        return 1.0 / (1.0 + math.exp(-scaled))
    exponential = math.exp(scaled)
    return exponential / (1.0 + exponential)


def scores_from_logits(
    logits: npt.NDArray[np.float64], temperature: float
) -> npt.NDArray[np.float64]:
    """:func:`score_from_logit` of each value; float64, the shape of ``logits``."""
    flat = [score_from_logit(float(logit), temperature) for logit in logits.ravel()]
    return np.array(flat, dtype=np.float64).reshape(logits.shape)


def wilson_interval(successes: int, trials: int, z: float = _Z_95) -> tuple[float, float]:
    """Score interval of a share (Wilson 1927, J. Am. Stat. Assoc. 22, 209), within [0, 1].

    Args:
        successes: 0 … ``trials``.
        trials: At least 1.
        z: Quantile of the standard normal distribution; 1.96 gives 95 %.
    """
    share, z2 = successes / trials, z * z
    centre = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    spread = math.sqrt(share * (1 - share) / trials + z2 / (4 * trials * trials))
    half = z / (1 + z2 / trials) * spread
    # At the ends the exact bound is the share itself; rounding must not move it past.
    return min(share, max(0.0, centre - half)), max(share, min(1.0, centre + half))


@dataclass(frozen=True, kw_only=True)
class Proportion:
    """A share of counted cases with its 95 % Wilson interval.

    Attributes:
        successes: Cases that count, 0 … ``trials``.
        trials: Cases looked at, at least 1.
    """

    successes: int
    trials: int

    def __post_init__(self) -> None:
        if self.trials < 1 or not 0 <= self.successes <= self.trials:
            raise CardSchemaError(
                "a proportion needs 0 <= successes <= trials and at least one trial. "
                f"Received: successes={self.successes}, trials={self.trials}"
            )

    @property
    def value(self) -> float:
        """The share, in [0, 1]."""
        return self.successes / self.trials

    @property
    def interval(self) -> tuple[float, float]:
        """95 % Wilson interval, within [0, 1]."""
        return wilson_interval(self.successes, self.trials)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.value:.3f} [{low:.3f}–{high:.3f}] ({self.successes}/{self.trials})"


@dataclass(frozen=True, kw_only=True)
class OperatingPoint:
    """The threshold of one variant, the rule that chose it and what was measured there.

    Attributes:
        rule: What the threshold had to reach, ``sensitivity`` or ``specificity``.
        target: The value to reach, in (0, 1].
        threshold: A score at or above it is referred, in [0, 1].
        sensitivity: Positive pictures at or above the threshold.
        specificity: Negative pictures below it.
        chosen_on: Name of the split whose pictures chose it.
    """

    rule: str
    target: float
    threshold: float
    sensitivity: Proportion
    specificity: Proportion
    chosen_on: str

    def __post_init__(self) -> None:
        _require_rule(self.rule, self.target)
        if not 0 <= self.threshold <= 1:
            raise CardSchemaError(
                f"a threshold must lie in [0, 1]. Received: threshold={self.threshold}"
            )

    def refers(self, score: float) -> bool:
        """Whether a picture with this score is referred."""
        return score >= self.threshold


def choose_operating_point(
    labels: npt.NDArray[np.int_],
    scores: npt.NDArray[np.float64],
    *,
    rule: str = "sensitivity",
    target: float = 0.95,
    chosen_on: str = "valid",
) -> OperatingPoint:
    """The threshold that reaches the target at the least cost to the other figure.

    It lies half-way to the next score, so that a rounding error moves no decision.

    Args:
        labels: 0 (negative) or 1 (positive), shape (n,).
        scores: Scores in [0, 1], shape (n,).
        rule: ``sensitivity`` takes the highest threshold that reaches the target,
            ``specificity`` the lowest.
        target: In (0, 1].
        chosen_on: Name of the split these pictures are from.

    Raises:
        CardSchemaError: If the rule is unknown or the target lies outside (0, 1].
        DatasetError: If one of the classes has no picture, a score lies outside [0, 1], or no
            threshold reaches the target.
    """
    _require_rule(rule, target)
    scores = np.asarray(scores, dtype=np.float64)
    positive, negative = _sorted_by_class(np.asarray(labels), scores, chosen_on)
    if rule == "sensitivity":
        threshold = _halfway_below(float(positive[-_least_count(target, positive.size)]), scores)
    else:
        threshold = _threshold_of_specificity(target, negative, scores)
    return OperatingPoint(
        rule=rule,
        target=target,
        threshold=threshold,
        sensitivity=_proportion(positive >= threshold),
        specificity=_proportion(negative < threshold),
        chosen_on=chosen_on,
    )


def _require_rule(rule: str, target: float) -> None:
    if rule not in RULES or not 0 < target <= 1:
        raise CardSchemaError(
            f"an operating point needs a rule of {RULES} and a target in (0, 1]. "
            f"Received: rule={rule!r}, target={target}"
        )


def _sorted_by_class(
    labels: npt.NDArray[np.int_], scores: npt.NDArray[np.float64], split: str
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    positive, negative = np.sort(scores[labels == 1]), np.sort(scores[labels == 0])
    if positive.size == 0 or negative.size == 0:
        raise DatasetError(
            "an operating point needs pictures of both classes. "
            f"Received: positive={positive.size}, negative={negative.size}, split={split!r}. "
            "Use a larger split."
        )
    # Written so that a score that is not a number fails too.
    if not ((scores >= 0) & (scores <= 1)).all():
        raise DatasetError(
            "an operating point needs scores in [0, 1]. "
            f"Received: lowest={scores.min()}, highest={scores.max()}, split={split!r}. "
            "A model whose training diverged gives such scores: train it again."
        )
    return positive, negative


def _threshold_of_specificity(
    target: float, negative: npt.NDArray[np.float64], scores: npt.NDArray[np.float64]
) -> float:
    wanted = _least_count(target, negative.size)
    threshold = _halfway_above(float(negative[wanted - 1]), scores)
    if (negative < threshold).sum() < wanted:
        raise DatasetError(
            "expected scores that a threshold in [0, 1] tells apart. Received: too many "
            f"negative pictures of score 1 for specificity {target:g}. Use a lower target."
        )
    return threshold


def _least_count(target: float, trials: int) -> int:
    # The slack forgives 0.95 × 100 for being 95.00000000000001.
    return max(1, math.ceil(target * trials - 1e-9))


def _proportion(counted: npt.NDArray[np.bool_]) -> Proportion:
    return Proportion(successes=int(counted.sum()), trials=int(counted.size))


def _halfway_below(score: float, scores: npt.NDArray[np.float64]) -> float:
    below = scores[scores < score]
    return _midpoint(float(below.max()) if below.size else 0.0, score)


def _halfway_above(score: float, scores: npt.NDArray[np.float64]) -> float:
    above = scores[scores > score]
    return _midpoint(score, float(above.min()) if above.size else 1.0)


def _midpoint(low: float, high: float) -> float:
    middle = low + (high - low) / 2
    # Neighbouring floats have no middle: the upper one still tells them apart.
    return middle if middle > low else high
