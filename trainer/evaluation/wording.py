"""Figures in words, the same in the table, the page and the model card."""

import math
from typing import Any

from edge_runtime.evaluation import Estimate

NOT_MEASURED = "not measured"
NAMES = {
    "roc_auc": "ROC-AUC",
    "pr_auc": "PR-AUC (average precision)",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "accuracy": "Accuracy",
    "precision": "Precision",
    "recall": "Recall",
    "f1": "F1",
    "brier": "Brier score (lower is better)",
    "ece": "Expected calibration error (lower is better)",
    "ppv": "PPV",
    "npv": "NPV",
}
_SPLIT_NAMES = {"train": "training", "valid": "validation", "test": "test"}
INTENDED_USE = (
    "For research on screening workflows and on deploying image models to small devices. Not for "
    "clinical decisions: these figures come from stored, labelled pictures, which is no clinical "
    "validation, and the model has no regulatory clearance."
)


def with_interval(estimate: Estimate | dict[str, Any], digits: int = 3) -> str:
    """The figure and its interval, or ``not measured``; never NaN.

    Args:
        estimate: An estimate, or one as JSON holds it.
        digits: After the decimal point.
    """
    row = estimate.as_dict() if isinstance(estimate, Estimate) else estimate
    value, low, high = (row[key] for key in ("value", "low", "high"))
    if value is None or math.isnan(value):
        return NOT_MEASURED
    if low is None or high is None:
        return f"{value:.{digits}f} [interval {NOT_MEASURED}]"
    until = "–" if low >= 0 else " to "
    return f"{value:.{digits}f} [{low:.{digits}f}{until}{high:.{digits}f}]"


def limits(result: dict[str, Any]) -> list[str]:
    """What the figures do not say, as sentences.

    Args:
        result: Content of ``metrics.json``.
    """
    positive = result["labels"]["positive"]
    count = result["pictures"][positive]
    sentences = [
        f"{count} {positive} pictures decide the sensitivity: read its interval, not its value.",
        "The pictures were collected, not met in a row of patients: where the share or the kind "
        "of lesions differs, precision, scores and calibration shift; sensitivity and "
        "specificity may.",
        "Parts with few pictures have wide intervals, and of many parts some differ by chance: "
        "intervals are not corrected for the number of parts.",
        "Skin tone is estimated from the border of the picture, by a method that light and white "
        "balance mislead; it shows what was hardly measured, not that a model is fair.",
    ]
    if result["own_data"]:
        sentences.append("Lesions of a kind that was in neither class were not measured.")
    if result["training"]["demonstration"]:
        sentences.insert(0, "A demonstration: the figures of this model mean nothing.")
    return sentences + list(result["remarks"])


def data_sentence(result: dict[str, Any]) -> str:
    """What was evaluated, and what was left out."""
    names, pictures = result["labels"], result["pictures"]
    text = (
        f"{result['evaluated']}: {pictures['pictures']:,} pictures of {pictures['groups']:,} "
        f"{result['grouped_by']}, {pictures[names['negative']]:,} {names['negative']} and "
        f"{pictures[names['positive']]:,} {names['positive']}."
    )
    left = [f"{count:,} ({reason})" for reason, count in result["left_out"].items()]
    return f"{text} Left out: {'; '.join(left)}." if left else f"{text} None was left out."


def split_counts(result: dict[str, Any]) -> str:
    """Pictures of the training run by split and class, as in ``train: 80 benign, 9 malignant``."""
    counts = result["training"]["pictures"]
    splits: dict[str, list[str]] = {}
    for name, count in counts.items():
        split, _, label = name.partition("/")
        splits.setdefault(_SPLIT_NAMES.get(split, split), []).append(f"{count:,} {label}")
    order = sorted(splits, key=[*_SPLIT_NAMES.values(), *splits].index)
    return "; ".join(f"{split}: {', '.join(splits[split])}" for split in order)


def tta_sentence(tta: dict[str, Any]) -> str:
    """What eight views gained and cost."""
    return (
        f"Averaged over {tta['views']} views of each of {tta['pictures']:,} pictures: ROC-AUC "
        f"{with_interval(tta['with']['roc_auc'])} instead of "
        f"{with_interval(tta['without']['roc_auc'])}, gain {with_interval(tta['roc_auc_gain'])}; "
        f"sensitivity {with_interval(tta['with']['sensitivity'])} instead of "
        f"{with_interval(tta['without']['sensitivity'])}, specificity "
        f"{with_interval(tta['with']['specificity'])} instead of "
        f"{with_interval(tta['without']['specificity'])} at the same threshold, which was chosen "
        f"with one view; {tta['decisions_changed']:,} decisions changed. Cost: "
        f"{tta['all_views_ms']:.0f} ms a picture instead of {tta['one_view_ms']:.0f} ms "
        "(this machine, in batches, decoding not counted)."
    )
