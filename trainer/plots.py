"""The figures of a training run, as PNG files that are equal, byte for byte, for equal data.

Matplotlib is drawn on without pyplot, so no window, no global figure and no chosen backend
are left behind. Colours are those of Okabe and Ito (https://jfly.uni-koeln.de/color/), which are
told apart with any colour vision.
"""

import io
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike

from edge_runtime.errors import DatasetError, MissingDependencyError
from edge_runtime.evaluation import Confusion, Estimate, roc_curve

FOOTER = "Research software, not a medical device."

_INK = "#222222"
_QUIET = "#767676"
_FAINT = "#cfcfcf"
_BLUE, _VERMILION, _GREEN, _PURPLE = "#0072b2", "#d55e00", "#009e73", "#cc79a7"
_DOTTED = (0, (1, 1.8))
# Where two curves run together, the dashes of the upper one let the lower one through.
_SPLIT_LINES: tuple[tuple[str, Any], ...] = (
    (_BLUE, "solid"),
    (_VERMILION, (0, (5, 1.5))),
    (_GREEN, (0, (1.5, 1))),
    (_PURPLE, (0, (5, 1.5, 1.5, 1.5))),
)
_DOTS_PER_INCH = 150
_POINTS_PER_INCH = 72
_NAME_POINTS = 12
_FOOTER_INCHES = 0.2
# Changes smaller than this in loss or AUC are noise, and look like it on an axis of this length.
_LEAST_SPAN = 0.04
_STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.titlecolor": _INK,
    "axes.labelcolor": _INK,
    "axes.edgecolor": _QUIET,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": _INK,
    "xtick.color": _QUIET,
    "ytick.color": _QUIET,
    "xtick.labelcolor": _INK,
    "ytick.labelcolor": _INK,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "legend.title_fontsize": 8,
    "lines.linewidth": 1.7,
}
_CELL_COUNT = {"ha": "center", "va": "center", "fontsize": 17}
_CELL_DETAIL = {"ha": "center", "va": "center", "fontsize": 8}


def plot_curves(history: Sequence[Mapping[str, float]], path: Path) -> None:
    """Write loss and AUC over the epochs, of training and validation, to a PNG file.

    The best epoch, the first with the highest ``val_auc``, is marked in both panels.

    Args:
        history: one row per epoch with ``epoch``, ``loss``, ``auc``, ``val_loss``, ``val_auc``.
        path: where the file goes; an older one is replaced.

    Raises:
        DatasetError: there is no epoch to draw.
        MissingDependencyError: matplotlib is not installed.
    """
    if not history:
        raise DatasetError(
            "Expected at least one epoch to draw. Received: history=[]. Train before plotting."
        )
    scored = [row for row in history if not math.isnan(row["val_auc"])]
    best = max(scored, key=lambda row: row["val_auc"]) if scored else None

    def draw(figure: Any) -> None:
        panels = figure.subplots(1, 2)
        for axes, key, title in zip(panels, ("loss", "auc"), ("Loss", "ROC AUC"), strict=True):
            axes.set_title(title)
            _draw_training_and_validation(axes, history, key)
            if best is not None:
                _mark_epoch(axes, best, key)
        if best is not None:
            panels[1].set_title(
                f"best epoch {best['epoch']:g}: {best['val_auc']:.3f}",
                loc="right",
                fontsize=8,
                fontweight="normal",
                color=_VERMILION,
            )

    _write_png(path, (7.4, 3.1), draw)


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

    _write_png(path, (4.5, 4.7), draw)


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
                colour = "white" if share > 0.55 else _INK
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

    _write_png(path, (4.0, 3.7), draw)


def _draw_training_and_validation(
    axes: Any, history: Sequence[Mapping[str, float]], key: str
) -> None:
    epochs = [row["epoch"] for row in history]
    training = [row[key] for row in history]
    validation = [row[f"val_{key}"] for row in history]
    marker, margin = ("o", 0.5) if len(history) == 1 else (None, 0.0)
    axes.plot(epochs, training, color=_BLUE, marker=marker)
    axes.plot(epochs, validation, color=_VERMILION, marker=marker)
    axes.set_xlabel("Epoch")
    axes.set_xlim(epochs[0] - margin, epochs[-1] + margin)
    axes.xaxis.get_major_locator().set_params(integer=True, nbins=8, min_n_ticks=1)
    low, high = axes.get_ylim()
    widened = max(0.0, _LEAST_SPAN - (high - low)) / 2
    axes.set_ylim(low - widened, high + widened)
    _label_ends(axes, epochs[-1], {"training": training[-1], "validation": validation[-1]})


def _label_ends(axes: Any, x: float, ends: Mapping[str, float]) -> None:
    """Name two lines at their right ends, ``x``, with at least a line of text between names."""
    colours = dict(zip(ends, (_BLUE, _VERMILION), strict=True))
    rising = sorted((y, name) for name, y in ends.items() if not math.isnan(y))
    low, high = axes.get_ylim()
    points = axes.get_window_extent().height / axes.figure.dpi * _POINTS_PER_INCH / (high - low)
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
    axes.axvline(row["epoch"], color=_QUIET, linewidth=0.8, linestyle=_DOTTED, zorder=1)
    axes.plot(
        row["epoch"],
        row[f"val_{key}"],
        marker="o",
        color=_VERMILION,
        markeredgecolor="white",
        clip_on=False,
        zorder=4,
    )


def _roc_axes(figure: Any) -> Any:
    axes = figure.subplots()
    axes.plot((0, 1), (0, 1), color=_FAINT, linewidth=1.0)
    axes.text(0.32, 0.295, "chance", rotation=45, color=_QUIET, fontsize=8, ha="center", va="top")
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


def _write_png(path: Path, size_inches: tuple[float, float], draw: Callable[[Any], None]) -> None:
    """Draw on a figure in the house style and write it beside ``path``, then rename it."""
    try:
        import matplotlib as mpl
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as cause:
        raise MissingDependencyError(
            "Plots need matplotlib. Received: no module of that name. "
            'Install it with: pip install "melanoma-edge[train]"'
        ) from cause
    image = io.BytesIO()
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        figure = Figure(figsize=size_inches, dpi=_DOTS_PER_INCH)
        FigureCanvasAgg(figure)
        footer = _FOOTER_INCHES / size_inches[1]
        figure.set_layout_engine("constrained", rect=(0.0, footer, 1.0, 1.0 - footer))
        draw(figure)
        figure.text(0.01, 0.012, FOOTER, fontsize=6.5, color=_QUIET)
        figure.savefig(image, format="png", dpi=_DOTS_PER_INCH, metadata={"Software": None})
    beside = path.with_name(path.name + ".partial")
    try:
        beside.write_bytes(image.getvalue())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
