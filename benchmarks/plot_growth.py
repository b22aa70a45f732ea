"""Curves of growth with their fitted exponents, on logarithmic axes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.growth_curves import CURVES, Curve
from benchmarks.growth_plan import CUT, INTERPRETERS
from benchmarks.growth_report import exponent_text
from benchmarks.growth_results import Growth, GrowthResults, Measured
from benchmarks.plot_panels import COLOURS, WIDTH_INCHES
from benchmarks.report_host import host_name
from edge_runtime.contract.schema import to_json
from trainer.plot_style import FAINT, INK, POINTS_PER_INCH, QUIET, write_png

_TITLES = {
    "image_size": "Image size, at mixed8",
    "cut": "Cut, at 224 pixels; numbers: last mixed block",
    "interpreters": "Interpreters at the same time",
    "training": "Training, stage 1",
}
_HEIGHT_INCHES = 3.5
_MARKS = {"float32": "o", "int8": "s"}
_NAME_POINTS = 11
_CUT_POINTS = 9  # from number to number of a cut
_MOST_TICKS = 6


def plot_growth(results: GrowthResults, folder: Path) -> None:
    """Write a PNG a study into the folder, named ``growth_<study>.png``."""
    for study in _TITLES:
        curves = [curve for curve in CURVES if curve.study == study]
        width = WIDTH_INCHES if len(curves) > 1 else WIDTH_INCHES * 0.62

        def draw(figure: Any, curves: Sequence[Curve] = curves, study: str = study) -> None:
            host = host_name(to_json(results.environment))
            quick = ", quick" if results.quick else ""
            figure.suptitle(
                f"{_TITLES[study]} ({host}{quick})",
                x=0.01,
                ha="left",
                fontsize=9.5,
                fontweight="bold",
            )
            panels = figure.subplots(1, len(curves), squeeze=False)[0]
            for axes, curve in zip(panels, curves, strict=True):
                _draw_curve(axes, curve, results)

        write_png(folder / f"growth_{study}.png", (width, _HEIGHT_INCHES), draw)


def _draw_curve(axes: Any, curve: Curve, results: GrowthResults) -> None:
    fits = [
        one
        for one in results.growth
        if (one.study, one.x, one.y) == (curve.study, curve.x.name, curve.y.name)
    ]
    known = [fit for fit in fits if curve.points(results.measured, fit.variant)]
    if not known:
        axes.set_axis_off()
        axes.text(0, 0.5, f"{curve.y.name}: not known here.", fontsize=9)
        return
    end = results.environment.cores if curve.study == INTERPRETERS else float("inf")
    drawn: list[tuple[float, float]] = []
    for fit in known:
        drawn += _draw_points(axes, curve.points(results.measured, fit.variant), fit, end)
    _set_axes(axes, curve, drawn)
    if curve.study == INTERPRETERS:
        _mark_cores(axes, results.environment.cores)
    if curve.study == CUT:
        _name_cuts(axes, curve, results.measured)
    _label_laws(axes, curve, known, results.measured)


def _draw_points(
    axes: Any, points: Sequence[tuple[float, float]], fit: Growth, end: float
) -> list[tuple[float, float]]:
    """Draw points, and the law up to ``end``; all places that the axes must show."""
    colour, mark = COLOURS[fit.variant], _MARKS[fit.variant]
    xs, ys = zip(*points, strict=True)
    face = "none" if len(set(xs)) < len(xs) else colour
    axes.plot(xs, ys, mark, ms=5, color=colour, mfc=face, mew=1.2, zorder=3)
    if fit.law is None:
        return list(points)
    law = [(x, fit.law.at(x)) for x in (min(xs), min(max(xs), end))]
    axes.plot(*zip(*law, strict=True), color=colour, lw=1.2, zorder=2)
    return [*points, *law]


def _set_axes(axes: Any, curve: Curve, points: Sequence[tuple[float, float]]) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel(f"{curve.x.name}, logarithmic")
    axes.set_ylabel(f"{curve.y.name}, logarithmic")
    xs, ys = zip(*points, strict=True)
    beside, around = (max(xs) / min(xs)) ** 0.06, max(1.15, (max(ys) / min(ys)) ** 0.1)
    axes.set_xlim(min(xs) / max(1.05, beside), max(xs) * max(1.05, beside))
    axes.set_ylim(min(ys) / around, max(ys) * around)
    counted = sorted(set(xs)) if all(x == int(x) for x in xs) else None
    for axis, ends, ticks in (
        (axes.xaxis, axes.get_xlim(), counted),
        (axes.yaxis, axes.get_ylim(), None),
    ):
        axis.set_major_locator(FixedLocator(ticks or _nice_ticks(*ends)))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.grid(color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(length=0)
    axes.spines[["left", "bottom"]].set_color(FAINT)


def _nice_ticks(low: float, high: float) -> list[float]:
    """Round numbers between the ends, so few that their texts keep apart."""
    chosen: list[float] = []
    for steps in ((1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,)):
        every = (step * 10.0**power for power in range(-4, 7) for step in steps)
        chosen = [tick for tick in every if low <= tick <= high]
        if len(chosen) <= _MOST_TICKS:
            break
    return chosen


def _mark_cores(axes: Any, cores: int) -> None:
    axes.axvline(cores, color=QUIET, lw=0.8, ls=(0, (1, 1.8)), zorder=1)
    axes.text(
        cores,
        0.02,
        f" {cores} core" + ("s" if cores > 1 else ""),
        color=QUIET,
        fontsize=7.5,
        transform=axes.get_xaxis_transform(),
    )


def _name_cuts(axes: Any, curve: Curve, measured: Sequence[Measured]) -> None:
    """The cut's number below the lowest point at its place, where numbers have room."""
    lowest: dict[float, float] = {}
    for variant in COLOURS:
        for x, y in curve.points(measured, variant):
            lowest[x] = min(y, lowest.get(x, y))
    cuts = {
        curve.x.value(one): one.point.cut
        for one in measured
        if one.point.study == CUT and one.point.variant == "int8"
    }
    last = float("-inf")
    for x, cut in sorted((x, cut) for x, cut in cuts.items() if x in lowest):
        place = axes.transData.transform((x, 1))[0] / axes.figure.figure.dpi * POINTS_PER_INCH
        if place - last < _CUT_POINTS:
            continue
        last = place
        axes.annotate(
            cut.removeprefix("mixed"),
            (x, lowest[x]),
            xytext=(0, -6),
            textcoords="offset points",
            ha="center",
            va="top",
            color=INK,
            fontsize=7,
        )


def _label_laws(
    axes: Any, curve: Curve, fits: Sequence[Growth], measured: Sequence[Measured]
) -> None:
    """Name and exponent of each line above the axes, in its colour."""
    for row, fit in enumerate(reversed(fits)):
        many = len({x for x, _ in curve.points(measured, fit.variant)}) > 1
        axes.annotate(
            f"{fit.variant}: exponent {exponent_text(fit.law)}" if many else fit.variant,
            (0, 1),
            xycoords="axes fraction",
            xytext=(0, 4 + row * _NAME_POINTS),
            textcoords="offset points",
            color=COLOURS[fit.variant],
            fontsize=8,
            fontweight="bold",
        )
