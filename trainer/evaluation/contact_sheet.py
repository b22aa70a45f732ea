"""The pictures that a model gets most wrong, on one sheet."""

from pathlib import Path
from typing import Any

import numpy as np

from edge_runtime.contract.labels import Labels
from edge_runtime.contract.manifest import ScoredPicture
from edge_runtime.contract.preprocess import Pixels, Preprocessing
from trainer.evaluation.cases import Cases
from trainer.evaluation.lettering import drawable
from trainer.plot_style import QUIET, write_png

COLUMNS, ROWS = 6, 2
_LONGEST_NAME = 20


def worst_cases(
    cases: Cases, threshold: float, count: int = COLUMNS * ROWS
) -> tuple[list[ScoredPicture], list[ScoredPicture]]:
    """Worst misses (positive, lowest score first) and false alarms (negative, highest first).

    Args:
        cases: What is evaluated.
        threshold: Of the operating point, in [0, 1].
        count: At most so many of each.
    """
    ranked = sorted(cases.pictures, key=lambda picture: (picture.score, picture.file))
    names = Labels()
    misses = [p for p in ranked if p.label == names.positive and p.score < threshold]
    alarms = [p for p in ranked if p.label != names.positive and p.score >= threshold]
    return misses[:count], alarms[::-1][:count]


def plot_contact_sheet(path: Path, cases: Cases, threshold: float, spec: Preprocessing) -> bool:
    """Write the worst misses and the worst false alarms, as the model sees them, to a PNG file.

    Args:
        path: Where the file goes.
        cases: What is evaluated.
        threshold: Of the operating point, in [0, 1].
        spec: Size of the pictures.

    Returns:
        Whether there was a picture to draw.

    Raises:
        MissingDependencyError: matplotlib is not installed.
    """
    drawn = _parts(cases, threshold, spec)
    if not drawn:
        return False
    rows = [-(-len(chosen) // COLUMNS) for _, chosen in drawn]

    def draw(figure: Any) -> None:
        parts = np.atleast_1d(figure.subfigures(len(drawn), 1, height_ratios=rows))
        for part, count, (title, chosen) in zip(parts, rows, drawn, strict=True):
            part.suptitle(title, x=0.012, ha="left", fontsize=10, fontweight="bold")
            panels = np.ravel(part.subplots(count, COLUMNS))
            for axes in panels:
                axes.set_axis_off()
            for axes, (picture, pixels) in zip(panels, chosen, strict=False):
                _draw_picture(axes, picture, pixels)

    write_png(path, (9.0, 0.4 + 1.95 * sum(rows) + 0.3 * len(rows)), draw)
    return True


def _parts(
    cases: Cases, threshold: float, spec: Preprocessing
) -> list[tuple[str, list[tuple[ScoredPicture, Pixels]]]]:
    """Title and readable pictures of either kind of error that there is."""
    names = Labels()
    misses, alarms = worst_cases(cases, threshold)
    parts = [
        (f"Worst misses: {names.positive}, scored below {threshold:.3f}", misses),
        (f"Worst false alarms: {names.negative}, scored {threshold:.3f} or above", alarms),
    ]
    read = [
        (title, [(p, pixels) for p in chosen if (pixels := cases.pixels(p, spec)) is not None])
        for title, chosen in parts
    ]
    return [(title, chosen) for title, chosen in read if chosen]


def _draw_picture(axes: Any, picture: ScoredPicture, pixels: Pixels) -> None:
    axes.imshow(pixels)
    axes.set_title(
        f"score {picture.score:.3f}", fontsize=8, pad=3, loc="center", fontweight="normal"
    )
    axes.text(
        0.5,
        -0.03,
        drawable(picture.file.rsplit("/", 1)[-1], _LONGEST_NAME),
        transform=axes.transAxes,
        ha="center",
        va="top",
        fontsize=6.5,
        color=QUIET,
        parse_math=False,
    )
