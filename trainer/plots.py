"""The plots of a training run."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike

from edge_runtime.errors import DatasetError
from edge_runtime.evaluation import Confusion, Estimate, roc_curve
from trainer.plot_style import (
    BLUE,
    DOTTED,
    FAINT,
    GREEN,
    INK,
    POINTS_PER_INCH,
    PURPLE,
    QUIET,
    VERMILION,
    write_png,
)

# Where two curves run together, the dashes of the upper one let the lower one through.
_SPLIT_LINES: tuple[tuple[str, Any], ...] = (
    (BLUE, "solid"),
    (VERMILION, (0, (5, 1.5))),
    (GREEN, (0, (1.5, 1))),
    (PURPLE, (0, (5, 1.5, 1.5, 1.5))),
)
_NAME_POINTS = 12
# Changes smaller than this in loss or AUC are noise, and look like it on an axis of this length.
_LEAST_SPAN = 0.04
_CELL_COUNT = {"ha": "center", "va": "center", "fontsize": 17}
_CELL_DETAIL = {"ha": "center", "va": "center", "fontsize": 8}


def plot_curves(history: Sequence[Mapping[str, float]], path: Path, *, kept_epoch: int) -> None:
    """Write loss and AUC over the epochs, of training and validation, to a PNG file.

    Args:
        history: one row per epoch with ``epoch``, ``loss``, ``auc``, ``val_loss``, ``val_auc``.
        path: where the file goes; an older one is replaced.
        kept_epoch: the epoch that the weights are from, marked in both panels if it has a
            ``val_auc``.

    Raises:
        DatasetError: there is no epoch to draw.
        MissingDependencyError: matplotlib is not installed.
    """
    if not history:
        raise DatasetError(
            "Expected at least one epoch to draw. Received: history=[]. Train before plotting."
        )
    kept = next((row for row in history if row["epoch"] == kept_epoch), None)
    if kept is not None and math.isnan(kept["val_auc"]):
        kept = None

    def draw(figure: Any) -> None:
        panels = figure.subplots(1, 2)
        for axes, key, title in zip(panels, ("loss", "auc"), ("Loss", "ROC AUC"), strict=True):
            axes.set_title(title)
            _draw_training_and_validation(axes, history, key)
            if kept is not None:
                _mark_epoch(axes, kept, key)
        if kept is not None:
            panels[1].set_title(
                f"kept epoch {kept['epoch']:g}: {kept['val_auc']:.3f}",
                loc="right",
                fontsize=8,
                fontweight="normal",
                color=VERMILION,
            )

    write_png(path, (7.4, 3.1), draw)


def plot_roc(
    path: Path,
    splits: Mapping[str, tuple[ArrayLike, ArrayLike]],
    auc: Mapping[str, Estimate],
    *,
    operating_points: Mapping[str, tuple[float, float]] | None = None,
) -> None:
    """Write the ROC curve of each split, with its AUC and interval, to a PNG file.

    Args:
        path: where the file goes; an older one is replaced.
        splits: labels (0 or 1, shape (n,)) and scores (finite, shape (n,)) by name, at most 4.
        auc: the area of each split, by the same names.
        operating_points: true and false positive rate, each in [0, 1], of the splits to mark;
            one with a rate of NaN stays unmarked.

    Raises:
        DatasetError: labels and scores of a split do not match, or the splits are none or over 4.
        MissingDependencyError: matplotlib is not installed.
    """
    if not 1 <= len(splits) <= len(_SPLIT_LINES):
        raise DatasetError(
            f"Expected one to {len(_SPLIT_LINES)} splits in one plot. "
            f"Received: splits={list(splits)}. Draw the others in a plot of their own."
        )
    curves = {name: roc_curve(labels, scores) for name, (labels, scores) in splits.items()}
    points = operating_points or {}

    def draw(figure: Any) -> None:
        axes = _roc_axes(figure)
        for (name, (fpr, tpr, _)), (colour, dashes) in zip(
            curves.items(), _SPLIT_LINES, strict=False
        ):
            axes.plot(fpr, tpr, color=colour, linestyle=dashes, label=f"{name}: {auc[name]}")
            if name in points:
                _draw_operating_point(axes, points[name], colour)
        legend = f"ROC AUC [{auc[next(iter(splits))].confidence:.0%} interval]"
        axes.legend(loc="lower right", title=legend, alignment="left", handlelength=2.4)

    write_png(path, (4.5, 4.7), draw)


def plot_confusion(
    confusion: Confusion,
    path: Path,
    *,
    title: str,
    labels: tuple[str, str] = ("benign", "malignant"),
) -> None:
    """Write the counts of decisions by reference label, with shares of each row, to a PNG file.

    Args:
        confusion: the counts.
        path: where the file goes; an older one is replaced.
        title: what was counted, such as the split and the variant.
        labels: names of the negative and the positive class.

    Raises:
        MissingDependencyError: matplotlib is not installed.
    """
    rows = ((confusion.tn, confusion.fp), (confusion.fn, confusion.tp))

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        shares = [[count / max(sum(row), 1) for count in row] for row in rows]
        axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0, aspect=0.8)
        for y, (row, shares_of_row, label) in enumerate(zip(rows, shares, labels, strict=True)):
            for x, (count, share) in enumerate(zip(row, shares_of_row, strict=True)):
                colour = "white" if share > 0.55 else INK
                detail = f"{share:.1%} of {label}" if any(row) else f"no {label} cases"
                axes.text(x, y - 0.08, f"{count:,}", **_CELL_COUNT, color=colour)
                axes.text(x, y + 0.2, detail, **_CELL_DETAIL, color=colour)
        axes.set_title(title, pad=8)
        axes.set_xticks((0, 1), ("no referral", "refer"))
        axes.set_yticks((0, 1), labels, rotation=90, va="center")
        axes.set(xlabel="Decision at the threshold", ylabel="Reference label")
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        axes.axhline(0.5, color="white", linewidth=2)
        axes.axvline(0.5, color="white", linewidth=2)

    write_png(path, (4.0, 3.7), draw)


def _draw_training_and_validation(
    axes: Any, history: Sequence[Mapping[str, float]], key: str
) -> None:
    epochs = [row["epoch"] for row in history]
    training = [row[key] for row in history]
    validation = [row[f"val_{key}"] for row in history]
    marker, margin = ("o", 0.5) if len(history) == 1 else (None, 0.0)
    axes.plot(epochs, training, color=BLUE, marker=marker)
    axes.plot(epochs, validation, color=VERMILION, marker=marker)
    axes.set_xlabel("Epoch")
    axes.set_xlim(epochs[0] - margin, epochs[-1] + margin)
    axes.xaxis.get_major_locator().set_params(integer=True, nbins=8, min_n_ticks=1)
    low, high = axes.get_ylim()
    widened = max(0.0, _LEAST_SPAN - (high - low)) / 2
    axes.set_ylim(low - widened, high + widened)
    _label_ends(axes, epochs[-1], {"training": training[-1], "validation": validation[-1]})


def _label_ends(axes: Any, x: float, ends: Mapping[str, float]) -> None:
    """Name two lines at their right ends, ``x``, with at least a line of text between names."""
    colours = dict(zip(ends, (BLUE, VERMILION), strict=True))
    rising = sorted((y, name) for name, y in ends.items() if not math.isnan(y))
    low, high = axes.get_ylim()
    points = axes.get_window_extent().height / axes.figure.dpi * POINTS_PER_INCH / (high - low)
    overlap = max(0.0, _NAME_POINTS - (rising[-1][0] - rising[0][0]) * points) if rising else 0.0
    shifts = (-overlap / 2, overlap / 2) if len(rising) == len(ends) else (0.0,)
    for (y, name), shift in zip(rising, shifts, strict=False):
        axes.annotate(
            name,
            (x, y),
            xytext=(6, shift),
            textcoords="offset points",
            va="center",
            color=colours[name],
            fontsize=8,
            annotation_clip=False,
        )


def _mark_epoch(axes: Any, row: Mapping[str, float], key: str) -> None:
    axes.axvline(row["epoch"], color=QUIET, linewidth=0.8, linestyle=DOTTED, zorder=1)
    axes.plot(
        row["epoch"],
        row[f"val_{key}"],
        marker="o",
        color=VERMILION,
        markeredgecolor="white",
        clip_on=False,
        zorder=4,
    )


def _roc_axes(figure: Any) -> Any:
    axes = figure.subplots()
    axes.plot((0, 1), (0, 1), color=FAINT, linewidth=1.0)
    axes.text(0.32, 0.295, "chance", rotation=45, color=QUIET, fontsize=8, ha="center", va="top")
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    axes.set(xlabel="1 − specificity", ylabel="Sensitivity")
    return axes


def _draw_operating_point(axes: Any, rates: tuple[float, float], colour: str) -> None:
    tpr, fpr = rates
    if math.isnan(tpr) or math.isnan(fpr):
        return
    axes.plot(
        fpr,
        tpr,
        marker="o",
        markersize=7,
        color=colour,
        markeredgecolor="white",
        linestyle="none",
        zorder=4,
        label=f"sensitivity {tpr:.3f}, specificity {1 - fpr:.3f}",
    )
