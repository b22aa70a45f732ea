"""Pictures of skin without a lesion, from corners of pictures that hold nothing else."""

import csv
from collections import defaultdict
from functools import cache
from pathlib import Path

import numpy as np

from edge_runtime.contract.preprocess import Pixels

# HAM10000 pictures and corners in which no part of a lesion is seen, chosen by eye.
_CHOSEN = Path(__file__).with_name("plain_skin.csv")
_SHARE = 0.39  # of a side that a corner reaches


@cache
def plain_corners() -> dict[str, tuple[str, ...]]:
    """Corners without a lesion, as in ``top left``, by the picture's name without suffix."""
    corners: dict[str, list[str]] = defaultdict(list)
    with _CHOSEN.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            corners[row["picture"]].append(row["corner"])
    return {picture: tuple(chosen) for picture, chosen in corners.items()}


def plain_skin(pixels: Pixels, corner: str, rng: np.random.Generator) -> Pixels:
    """A picture as large as the given one, of its corner and the corner's mirror images.

    Mirrored, not enlarged: so that it is as sharp as the picture and has no seam.

    Args:
        pixels: uint8 (H, W, 3).
        corner: One of :func:`plain_corners`.
        rng: Says where the mirror images meet.
    """
    height, width = pixels.shape[:2]
    rows, columns = round(_SHARE * height), round(_SHARE * width)
    vertical, horizontal = corner.split()
    part = pixels[
        slice(rows) if vertical == "top" else slice(height - rows, None),
        slice(columns) if horizontal == "left" else slice(width - columns, None),
    ]
    tall = np.concatenate([part, part[::-1]] * 2)
    tiled = np.concatenate([tall, tall[:, ::-1]] * 2, axis=1)
    top, left = (int(rng.integers(0, 2 * extent)) for extent in (rows, columns))
    tiled = np.roll(tiled, (-top, -left), axis=(0, 1))
    return np.ascontiguousarray(tiled[:height, :width])
