"""Accuracy against latency, a picture of the trade-off between variants."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.results import ModelResult, Results
from edge_runtime.errors import MissingDependencyError
from edge_runtime.sinks import DEMONSTRATION

# Okabe and Ito's palette, told apart by colour-blind readers (jfly.uni-koeln.de/color).
COLOURS = {
    "float32": "#0072B2",
    "float16": "#56B4E9",
    "dynamic_int8": "#E69F00",
    "int8": "#D55E00",
    "int16x8": "#009E73",
    "edgetpu": "#CC79A7",
}
_GREY = "#595959"
_LIGHT = "#D9D9D9"
# Beyond this ratio of latencies the quick variants would be squeezed together.
_LOG_RATIO = 6.0
_LEFT, _WIDTH = 0.115, 0.855
_BOTTOM, _TOP = 0.195, 0.86
_ROW = 0.04  # height of a row of labels, as a share of the figure's


def require_matplotlib() -> None:
    """Make sure, before anything is measured, that the result can be drawn.

    Raises:
        MissingDependencyError: If matplotlib is not installed.
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise MissingDependencyError(
            "expected matplotlib for the plot. Received: no matplotlib package. "
            'Install it with: pip install "melanoma-edge[bench]"'
        )


def plot_accuracy_latency(results: Results, path: Path) -> None:
    """Write ROC-AUC with its interval against end-to-end latency, p50 to p90, as PNG.

    Raises:
        MissingDependencyError: If matplotlib is not installed.
    """
    require_matplotlib()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 5.4), dpi=200)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((_LEFT, _BOTTOM, _WIDTH, _TOP - _BOTTOM))
    variants = sorted(filter(_drawable, results.models), key=_point)
    for model in variants:
        _draw_variant(axes, model)
    for model in results.models:
        if model.latency is None and model.accuracy.figures["roc_auc"].value is not None:
            _draw_keras(axes, model.accuracy.figures["roc_auc"].value)
    _set_axes(axes, variants)
    _label_variants(axes, variants)
    _write_texts(figure, results)
    figure.savefig(path, format="png", metadata={"Software": None})


def _drawable(model: ModelResult) -> bool:
    return model.latency is not None and model.accuracy.figures["roc_auc"].value is not None


def _point(model: ModelResult) -> tuple[float, float, float]:
    """p50 and p90 in milliseconds, ROC-AUC."""
    auc = model.accuracy.figures["roc_auc"].value
    if model.latency is None or auc is None:
        raise ValueError(f"expected latency and ROC-AUC. Received: variant={model.variant!r}")
    return model.latency.end_to_end.p50_ms, model.latency.end_to_end.p90_ms, auc


def _draw_variant(axes: Any, model: ModelResult) -> None:
    p50, p90, auc = _point(model)
    figure = model.accuracy.figures["roc_auc"]
    colour = COLOURS[model.variant]
    if figure.low is not None and figure.high is not None:
        ends = [figure.low, figure.high]
        axes.plot([p50, p50], ends, marker="_", ms=6, color=colour, lw=1.2)
    axes.plot([p50, p90], [auc, auc], color=colour, lw=3, solid_capstyle="butt", alpha=0.75)
    axes.plot(p50, auc, "o", color=colour, ms=6.5, mec="white", mew=0.8, zorder=3)


def _set_axes(axes: Any, variants: Sequence[ModelResult]) -> None:
    axes.set_xlabel("latency, picture file to decision (ms)")
    axes.set_ylabel("ROC-AUC")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color=_LIGHT, lw=0.6)
    axes.set_axisbelow(True)
    if not variants:
        return
    latencies = [value for model in variants for value in _point(model)[:2]]
    low, high = min(latencies), max(latencies)
    # The labels stand to the right of their points.
    if high > _LOG_RATIO * low:
        _set_log_scale(axes)
        axes.set_xlim(low / 1.3, high * (high / low) ** 0.3)
    else:
        axes.set_xlim(0, high * 1.3)


def _set_log_scale(axes: Any) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axes.set_xscale("log")
    axes.set_xlabel(f"{axes.get_xlabel()[:-1]}, logarithmic)")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _draw_keras(axes: Any, auc: float) -> None:
    axes.axhline(auc, color=_GREY, lw=1, ls=(0, (4, 3)), zorder=1)
    axes.annotate(
        f"Keras {auc:.3f}",
        (1, auc),
        xycoords=axes.get_yaxis_transform(),
        xytext=(0, 3),
        textcoords="offset points",
        ha="right",
        color=_GREY,
        fontsize=8,
    )


def _label_variants(axes: Any, variants: Sequence[ModelResult]) -> None:
    """Write each variant's name above the axes, on a line that rises from its point.

    A name stands to the right of its line. From right to left, each takes the lowest row in
    which it crosses neither a line nor a name that is there.
    """
    if not variants:
        return
    renderer = axes.figure.canvas.get_renderer()
    labels = [_write_label(axes, model) for model in variants]
    starts = [axes.transData.transform((_point(model)[0], 0))[0] for model in variants]
    rows = [0] * len(variants)
    for i in reversed(range(len(variants))):
        end = starts[i] + labels[i].get_window_extent(renderer).width + 10
        rows[i] = 1 + max(
            (rows[j] for j in range(i + 1, len(variants)) if starts[j] < end), default=-1
        )
    height = _TOP - _BOTTOM - _ROW * (max(rows) + 1)
    axes.set_position((_LEFT, _BOTTOM, _WIDTH, height))
    bottom, top = axes.get_ylim()
    for model, label, row in zip(variants, labels, rows, strict=True):
        p50, _, auc = _point(model)
        high = 1 + _ROW * (row + 0.3) / height
        label.set_y(high)
        axes.plot(
            [p50, p50],
            [(auc - bottom) / (top - bottom), high + 0.4 * _ROW / height],
            color=COLOURS[model.variant],
            lw=0.5,
            zorder=1,
            transform=axes.get_xaxis_transform(),
            clip_on=False,
        )


def _write_label(axes: Any, model: ModelResult) -> Any:
    from matplotlib.transforms import ScaledTranslation

    p50, _, auc = _point(model)
    aside = ScaledTranslation(4 / 72, 0, axes.figure.dpi_scale_trans)
    return axes.text(
        p50,
        1,
        f"{model.variant} {auc:.3f}",
        transform=axes.get_xaxis_transform() + aside,
        color=COLOURS[model.variant],
        fontsize=9,
        fontweight="bold",
    )


def _write_texts(figure: Any, results: Results) -> None:
    record, place, settings = results.pictures, results.environment, results.settings
    threads = f"{settings.threads} thread" + ("s" if settings.threads > 1 else "")
    split = "" if record.split == "all" else f"{record.split} "
    figure.text(_LEFT, 0.94, results.model, fontsize=12, fontweight="bold")
    figure.text(
        _LEFT,
        0.893,
        f"{record.scored} {split}pictures ({record.positive} positive) · "
        f"{place.board or place.cpu or place.architecture}, {threads}",
        fontsize=9,
        color=_GREY,
    )
    demonstration = f"{DEMONSTRATION}\n" if results.demonstration else ""
    figure.text(
        _LEFT,
        0.025,
        "Point: p50. Horizontal bar: to p90. Vertical bar: 95 % interval of the ROC-AUC. "
        "Latency of this machine only.\n"
        f"{demonstration}{results.notice}",
        fontsize=8,
        color=_GREY,
        linespacing=1.4,
    )
