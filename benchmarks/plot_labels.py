"""Names of points, slanted above the axes; order is that of the points, so no line crosses."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from trainer.plot_style import POINTS_PER_INCH

Places = npt.NDArray[np.float64]

_SLANT_DEGREES = 40
_LETTER_POINTS = 7.6
# Slanted lines of text are this far apart along the axis, and begin this far above it.
_STEP_POINTS = 14.0
_RISE_POINTS = 12.0


@dataclass(frozen=True, kw_only=True)
class PointLabel:
    """A name and the point that it belongs to, in data coordinates."""

    text: str
    x: float
    y: float
    colour: str


def label_points(axes: Any, labels: Sequence[PointLabel]) -> None:
    """Write the names above the axes, each on a thin line that rises from its point.

    The axes must have their limits.
    """
    axes.figure.figure.draw_without_rendering()  # settles where the axes lie
    ordered = sorted(labels, key=lambda label: label.x)
    scale = POINTS_PER_INCH / axes.figure.figure.dpi
    places = np.array([axes.transData.transform((label.x, label.y))[0] for label in ordered])
    window = axes.get_window_extent()
    starts = places * scale
    names = spread_out(starts, _STEP_POINTS, window.x0 * scale, window.x1 * scale)
    for label, shift in zip(ordered, names - starts, strict=True):
        axes.plot(
            [label.x, label.x],
            [_share_of_height(axes, label.y), 1],
            color=label.colour,
            lw=0.5,
            alpha=0.8,
            zorder=1,
            transform=axes.get_xaxis_transform(),
        )
        _write(axes, label, float(shift))


def spread_out(wanted: Places, step: float, low: float, high: float) -> Places:
    """Rising places at least a step apart, as near to the wanted ones as that allows.

    Least squares under the constraint of order: pool adjacent violators, as in isotonic regression.

    Args:
        wanted: Rising, float64, shape (n,).
        step: Least distance.
        low: No place lies before it, if they have room.
        high: No place lies behind it, if they have room.
    """
    shifts = wanted - step * np.arange(len(wanted))
    blocks: list[list[float]] = []
    for shift in shifts:
        blocks.append([float(shift)])
        while len(blocks) > 1 and np.mean(blocks[-2]) > np.mean(blocks[-1]):
            blocks[-2:] = [blocks[-2] + blocks[-1]]
    pooled = np.array([np.mean(block) for block in blocks for _ in block])
    last = max(low, high - step * max(0, len(wanted) - 1))
    places: Places = np.clip(pooled, low, last) + step * np.arange(len(wanted))
    return places


def _share_of_height(axes: Any, y: float) -> float:
    bottom, top = axes.get_ylim()
    return float((y - bottom) / (top - bottom))


def _write(axes: Any, label: PointLabel, shift: float) -> None:
    anchor = {"xy": (label.x, 1), "xycoords": axes.get_xaxis_transform()}
    line = axes.annotate(
        "",
        **anchor,
        xytext=(shift, _RISE_POINTS),
        textcoords="offset points",
        arrowprops={
            "arrowstyle": "-",
            "color": label.colour,
            "linewidth": 0.5,
            "shrinkA": 0,
            "shrinkB": 0,
        },
        annotation_clip=False,
    )
    line.set_in_layout(False)
    text = axes.annotate(
        label.text,
        **anchor,
        xytext=(shift - 2, _RISE_POINTS),
        textcoords="offset points",
        rotation=_SLANT_DEGREES,
        rotation_mode="anchor",
        ha="left",
        va="baseline",
        color=label.colour,
        fontsize=_LETTER_POINTS,
        fontweight="bold",
        annotation_clip=False,
    )
    text.set_in_layout(False)


def height_above_inches(longest: int) -> float:
    """Room that names of at most so many letters need above the axes."""
    letter = 0.62 * _LETTER_POINTS
    slanted = longest * letter * float(np.sin(np.radians(_SLANT_DEGREES)))
    return (slanted + _RISE_POINTS + _LETTER_POINTS) / POINTS_PER_INCH


def width_beside_inches(longest: int) -> float:
    """Room that the last name needs to the right of the axes, at most."""
    letter = 0.62 * _LETTER_POINTS
    return longest * letter * float(np.cos(np.radians(_SLANT_DEGREES))) / POINTS_PER_INCH
