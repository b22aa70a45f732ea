"""A picture on a grid of one size, for measurements of colour and texture across it."""

from typing import NamedTuple

import numpy as np
from PIL import Image

from edge_runtime.contract.preprocess import Pixels
from edge_runtime.quality.rim import BLACK, Mask, inner, outside_rim
from edge_runtime.quality.sample import Channel

# The grid that textures are measured on, and its half for colours, whatever the model's size.
GRID_SIDE = 112
DARK_OFFSET = 8.0  # keeps the logarithms of nearly black pixels from noise
LOGS = np.log(np.arange(256) + DARK_OFFSET).astype(np.float32)


class Grid(NamedTuple):
    """A picture at 112 pixels a side.

    Attributes:
        image: RGB, 112 by 112.
        colours: uint8 (56, 56, 3), RGB: means of its 2×2 blocks.
        lit: bool (56, 56), the blocks that are not nearly black, nor next to such; None where all
            of them, or none, are lit.
        evenly_lit: Of these, the ones where light does not fall off towards a dark rim.
    """

    image: Image.Image
    colours: Pixels
    lit: Mask | None
    evenly_lit: Mask | None


def take_grid(image: Image.Image, strongest: Channel) -> Grid:
    """Bring an RGB picture onto the grid.

    Args:
        image: The picture.
        strongest: The largest channel of its pixels, or of a sample of them, uint8 (h, w).
    """
    grid = _resized(image)
    lit = _lit(np.asarray(grid)) if strongest.min() < BLACK else None
    if lit is None or not lit.any():
        return Grid(grid, np.asarray(grid.reduce(2)), None, None)
    return Grid(grid, np.asarray(grid.reduce(2)), lit, _evenly_lit(grid, lit))


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
    bright = grid.max(axis=2) >= BLACK
    columns = bright[:, ::2] & bright[:, 1::2]
    return inner(columns[::2] & columns[1::2])


def _evenly_lit(grid: Image.Image, lit: Mask) -> Mask:
    viewed = outside_rim(np.asarray(grid.convert("L").reduce(4), np.float32))
    evenly = lit if viewed is None else lit & viewed.repeat(2, axis=0).repeat(2, axis=1)
    return evenly if evenly.any() else lit
