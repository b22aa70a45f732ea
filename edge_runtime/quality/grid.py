"""A picture on a grid of one size, for measurements of colour and texture across it."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from edge_runtime.contract.preprocess import Pixels
from edge_runtime.quality.sample import Channel

Mask = npt.NDArray[np.bool_]

# The grid that textures are measured on, and its half for colours, whatever the model's size.
GRID_SIDE = 112
DARK_OFFSET = 8.0  # keeps the logarithms of nearly black pixels from noise
LOGS = np.log(np.arange(256) + DARK_OFFSET).astype(np.float32)
_BLACK = 40  # below it is the rim of a round field of view, which is not part of what is viewed


class Grid(NamedTuple):
    """A picture at 112 pixels a side.

    Attributes:
        image: RGB, 112 by 112.
        colours: uint8 (56, 56, 3), RGB: means of its 2×2 blocks.
        lit: bool (56, 56), the blocks that are not nearly black, nor next to such; None where all
            of them, or none, are lit.
    """

    image: Image.Image
    colours: Pixels
    lit: Mask | None


def take_grid(image: Image.Image, strongest: Channel) -> Grid:
    """Bring an RGB picture onto the grid.

    Args:
        image: The picture.
        strongest: The largest channel of its pixels, or of a sample of them, uint8 (h, w).
    """
    grid = _resized(image)
    lit = _lit(np.asarray(grid)) if strongest.min() < _BLACK else None
    return Grid(grid, np.asarray(grid.reduce(2)), lit if lit is not None and lit.any() else None)


def _resized(image: Image.Image) -> Image.Image:
    times, rest = divmod(image.width, GRID_SIDE)
    if image.width == image.height and times and not rest:
        return image.reduce(times)
    shrinks = min(image.size) >= GRID_SIDE
    # The gap lets Pillow average whole pixels first, at a fraction of the time.
    return image.resize(
        (GRID_SIDE, GRID_SIDE),
        Image.Resampling.BOX if shrinks else Image.Resampling.BILINEAR,
        reducing_gap=1.0,
    )


def _lit(grid: Pixels) -> Mask:
    bright = grid.max(axis=2) >= _BLACK
    columns = bright[:, ::2] & bright[:, 1::2]
    return _inner(columns[::2] & columns[1::2])


def _inner(mask: Mask) -> Mask:
    """The pixels whose eight neighbours are in the mask too."""
    rows = mask.copy()
    rows[1:] &= mask[:-1]
    rows[:-1] &= mask[1:]
    inner = rows.copy()
    inner[:, 1:] &= rows[:, :-1]
    inner[:, :-1] &= rows[:, 1:]
    return inner
