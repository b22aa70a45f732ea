"""Part of ``results.json``: how well a model tells the pictures apart."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A figure with its interval; None where the pictures leave it undefined.

    Attributes:
        value: On the pictures as they are.
        low: Lower end of the interval.
        high: Upper end.
        confidence: Coverage of the interval, 0.95.
    """

    value: float | None
    low: float | None
    high: float | None
    confidence: float


@dataclass(frozen=True, kw_only=True)
class Decisions:
    """How many pictures got each decision; the last two are left out of all figures."""

    refer: int
    no_referral: int
    retake: int
    unreadable: int


@dataclass(frozen=True, kw_only=True)
class Change:
    """A figure minus that of float32 on the same pictures; None where they leave it undefined.

    Attributes:
        value: In [-1, 1].
        low: Lower end of the 95 % interval.
        high: Upper end.
        p_value: Two-sided, of no difference.
    """

    value: float | None
    low: float | None
    high: float | None
    p_value: float | None


@dataclass(frozen=True, kw_only=True)
class Paired:
    """What differs from float32, picture by picture.

    Attributes:
        roc_auc: By DeLong's test, lesions as clusters.
        sensitivity: Each at its own threshold; the interval by bootstrap over lesions, the
            p-value of McNemar's exact test on the positive pictures.
        specificity: The same on the negative pictures.
        gained: Decisions that only this variant gets right.
        lost: Decisions that only float32 gets right.
        p_value: Of McNemar's exact test on all pictures.
    """

    roc_auc: Change
    sensitivity: Change
    specificity: Change
    gained: int
    lost: int
    p_value: float


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """How well one model tells the pictures apart.

    Attributes:
        threshold: Its operating point's.
        figures: ``roc_auc``, ``pr_auc``, ``sensitivity``, ``specificity``, ``accuracy`` and
            ``f1``; the last four at the threshold. Intervals by bootstrap over lesions; a share
            of 0 or 1, where that has no width, by Wilson's formula.
        brier: Mean squared difference of score and label.
        ece: Expected calibration error, 15 bins of equal mass.
        decisions: Counts.
        flips: Decisions that differ from those of float32; None for float32 itself, for the
            Keras model, and where there is no float32 variant.
        roc_auc_change: ROC-AUC minus that of float32 on the same pictures, with the interval of
            the difference; None where ``flips`` is.
        max_logit_difference: Largest |Δlogit| from the Keras model; None where its logits are
            not known.
        max_score_difference: Largest |Δscore| from it, each at its own temperature; None there
            too.
        calibration: ``brier`` and ``ece`` again, with intervals by bootstrap over lesions.
        flip_share: ``flips`` as a share of the scored pictures, with its interval.
        paired: Tests of the differences from float32; None where ``flips`` is.
    """

    threshold: float
    figures: dict[str, Figure]
    brier: float
    ece: float
    decisions: Decisions
    flips: int | None
    roc_auc_change: Figure | None
    max_logit_difference: float | None
    max_score_difference: float | None
    calibration: dict[str, Figure] = field(default_factory=dict)
    flip_share: Figure | None = None
    paired: Paired | None = None
