"""Latency, temperature and clock over minutes of steady load."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.plot import require_matplotlib

if TYPE_CHECKING:
    from benchmarks.sustained import Sustained

_INK, _SOFT, _THROTTLED = "#0072B2", "#56B4E9", "#D55E00"


def plot_sustained(result: "Sustained", path: Path) -> None:
    """Write a PNG with a panel for each quantity that the system tells.

    Raises:
        MissingDependencyError: If matplotlib is not installed.
    """
    require_matplotlib()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    minutes = [one.end_s / 60 for one in result.intervals]
    panels = [
        (label, values)
        for label, values in (
            ("temperature (°C)", [one.temperature_c for one in result.intervals]),
            ("clock (MHz)", [one.frequency_mhz for one in result.intervals]),
        )
        if any(value is not None for value in values)
    ]
    figure = Figure(figsize=(7.4, 3.0 + 1.7 * len(panels)), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    ratios = [2.0, *([1.2] * len(panels))]
    axes = figure.subplots(1 + len(panels), 1, sharex=True, squeeze=False, height_ratios=ratios)
    axes = axes[:, 0]
    _draw_latency(axes[0], minutes, result)
    for part, (label, values) in zip(axes[1:], panels, strict=True):
        drawn = [float("nan") if value is None else value for value in values]
        part.plot(minutes, drawn, color=_INK, lw=1.4)
        part.set_ylabel(label)
    for part in axes:
        part.spines[["top", "right"]].set_visible(False)
        part.margins(x=0.01)
    axes[-1].set_xlabel("minutes of steady load")
    figure.suptitle(f"{result.model}\n{_place(result)}\n{result.notice}", fontsize=8)
    figure.savefig(path, format="png", metadata={"Software": None})


def _draw_latency(axes: Any, minutes: Sequence[float], result: "Sustained") -> None:
    intervals = result.intervals
    p50, p90 = [one.p50_ms for one in intervals], [one.p90_ms for one in intervals]
    axes.fill_between(
        minutes, p50, p90, color=_SOFT, alpha=0.35, lw=0, label="end to end, p50 to p90"
    )
    axes.plot(
        minutes, [one.invoke_p50_ms for one in intervals], color=_INK, lw=1.4, label="invoke p50"
    )
    hot = [(at, one.p90_ms) for at, one in zip(minutes, intervals, strict=True) if one.throttled]
    if hot:
        axes.plot(*zip(*hot, strict=True), "v", color=_THROTTLED, ms=4, label="throttled")
    axes.set_ylim(0, max(p90) * 1.1)
    axes.set_ylabel("ms a picture")
    axes.legend(loc="lower right", frameon=False, fontsize=8)


def _place(result: "Sustained") -> str:
    place = result.environment
    machine = place.board or place.cpu or place.architecture
    return f"{machine}, {result.runtime}, {result.threads} thread(s)"
