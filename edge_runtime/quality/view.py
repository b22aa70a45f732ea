"""Whether a picture looks like skin through a dermatoscope, by six of its global statistics."""

import numpy as np
import numpy.typing as npt
from PIL import Image

from edge_runtime.contract.quality_limits import QualityLimits
from edge_runtime.quality.sample import Channel, median

Features = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

# The grid that textures are measured on, and its half for colours, whatever the model's size.
GRID_SIDE = 112
_DARK_OFFSET = 8.0  # keeps the logarithms of nearly black pixels from noise
_LOGS = np.log(np.arange(256) + _DARK_OFFSET)
_BLACK = 40  # below it is the rim of a round field of view, which is not part of what is viewed
_RIM_SHARE = 0.1  # a colour cell with more of it lies on the rim


def view_features(image: Image.Image, strongest: Channel) -> Features:
    """Six numbers about colour and texture, float64 (6,).

    0. redness, the median of log(red/green): skin is redder than green, paper and grass are not;
    1. blueness, the median of log(blue/green): sky, lawns, wood lie to either side of skin;
    2. log spread of redness: few surfaces are as even as skin with one lesion, few as colourful;
    3. log spread of colours off their main axis: melanin darkens along one line in log RGB, so
       skin and lesion lie near it, while a scene holds several colours;
    4. log strength of edges (root mean square of local differences over mean brightness): scenes
       and drawings have hard edges, skin has soft ones;
    5. log strength of fine texture (the median instead): drawings and screens are flat between
       their edges, skin is not.

    All are ratios, so that light and camera gain have little influence. Nearly black pixels and
    their neighbours are left out.

    Args:
        image: RGB.
        strongest: The largest channel of its pixels, or of a sample of them, uint8 (h, w).
    """
    shrinks = min(image.size) >= GRID_SIDE
    # The gap lets Pillow average whole pixels first, at a fraction of the time.
    grid = image.resize(
        (GRID_SIDE, GRID_SIDE),
        Image.Resampling.BOX if shrinks else Image.Resampling.BILINEAR,
        reducing_gap=1.0,
    )
    halved = grid.reduce(2)
    lit = np.flatnonzero(_lit(strongest, halved.size))
    if not lit.size:
        lit = np.arange(halved.width * halved.height)
    colours = np.asarray(halved).reshape(-1, 3).take(lit, axis=0)
    return np.array([*_colours(colours), *_textures(grid.convert("L"), lit)])


def view_distance(features: Features, limits: QualityLimits) -> float:
    """Squared Mahalanobis distance of the features from those of dermatoscopic pictures."""
    away = features - np.array(limits.view_mean)
    precision = np.array(limits.view_precision).reshape(len(away), len(away))
    return float(away @ precision @ away)


def _lit(strongest: Channel, size: tuple[int, int]) -> Mask:
    """The cells of a grid of this width and height that lie within the field of view."""
    black = Image.fromarray(np.where(strongest < _BLACK, np.uint8(255), np.uint8(0)))
    share = np.asarray(black.resize(size, Image.Resampling.BOX, reducing_gap=1.0))
    return _inner(share <= _RIM_SHARE * 255)


def _inner(mask: Mask) -> Mask:
    """The pixels whose eight neighbours are in the mask too."""
    rows = mask.copy()
    rows[1:] &= mask[:-1]
    rows[:-1] &= mask[1:]
    inner = rows.copy()
    inner[:, 1:] &= rows[:, :-1]
    inner[:, :-1] &= rows[:, 1:]
    return inner


def _colours(pixels: Channel) -> tuple[float, ...]:
    """The first four features of pixels (n, 3)."""
    logs = _LOGS.take(np.ascontiguousarray(pixels.T))
    redness, blueness = logs[0] - logs[1], logs[2] - logs[1]
    centred = logs - logs.mean(axis=1, keepdims=True)
    variances = np.linalg.eigvalsh(centred @ centred.T / len(pixels))
    return (
        median(redness),
        median(blueness),
        float(np.log(redness.std() + 0.01)),
        float(np.log(np.sqrt(max(variances[1], 0.0)) + 0.01)),
    )


def _textures(luminance: Image.Image, lit: npt.NDArray[np.intp]) -> tuple[float, float]:
    """The last two features, from the 2×2 blocks of a grid whose places are given."""
    half = GRID_SIDE // 2
    blocks = np.asarray(luminance).reshape(half, 2, half, 2).transpose(1, 3, 0, 2).reshape(4, -1)
    a, b, c, d = blocks.take(lit, axis=1).astype(np.float64)
    brightness = (a + b + c + d).mean() / 4 + _DARK_OFFSET
    squared = ((a + b - c - d) / 4) ** 2 + ((a - b + c - d) / 4) ** 2
    edges, texture = np.sqrt(squared.mean()), np.sqrt(median(squared))
    return (
        float(np.log((edges + 0.3) / brightness)),
        float(np.log((texture + 0.3) / brightness)),
    )
