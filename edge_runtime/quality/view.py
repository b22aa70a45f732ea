"""Whether a picture looks like skin through a dermatoscope, by six of its global statistics."""

import numpy as np
import numpy.typing as npt
from PIL import Image

from edge_runtime.contract.preprocess import Pixels
from edge_runtime.contract.quality_limits import QualityLimits

Features = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

# The grid that textures are measured on, and its half for colours, whatever the model's size.
GRID_SIDE = 112
_DARK_OFFSET = 8.0  # keeps the logarithms of nearly black pixels from noise
_BLACK = 40  # below it is the rim of a round field of view, which is not part of what is viewed
_RIM_SHARE = 0.1  # a colour cell with more of it lies on the rim


def view_features(pixels: Pixels) -> Features:
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
        pixels: uint8 (H, W, 3), RGB.
    """
    shrinks = min(pixels.shape[:2]) >= GRID_SIDE
    grid = Image.fromarray(pixels).resize(
        (GRID_SIDE, GRID_SIDE), Image.Resampling.BOX if shrinks else Image.Resampling.BILINEAR
    )
    halved = np.asarray(grid.reduce(2))
    black = Image.fromarray((pixels.max(axis=-1) < _BLACK).astype(np.float32))
    lit = _inner(np.asarray(black.resize(halved.shape[1::-1], Image.Resampling.BOX)) <= _RIM_SHARE)
    if not lit.any():
        lit[:] = True
    return np.array([*_colours(halved[lit]), *_textures(grid.convert("L"), lit)])


def view_distance(features: Features, limits: QualityLimits) -> float:
    """Squared Mahalanobis distance of the features from those of dermatoscopic pictures."""
    away = features - np.array(limits.view_mean)
    precision = np.array(limits.view_precision).reshape(len(away), len(away))
    return float(away @ precision @ away)


def _inner(mask: Mask) -> Mask:
    """The pixels whose eight neighbours are in the mask too."""
    padded = np.pad(mask, 1, mode="edge")
    rows = padded[:-2] & padded[1:-1] & padded[2:]
    return np.asarray(rows[:, :-2] & rows[:, 1:-1] & rows[:, 2:])


def _colours(pixels: Pixels) -> tuple[float, ...]:
    """The first four features of pixels (n, 3)."""
    logs = np.log(pixels + _DARK_OFFSET)
    redness, blueness = logs[:, 0] - logs[:, 1], logs[:, 2] - logs[:, 1]
    centred = logs - logs.mean(axis=0)
    variances = np.linalg.eigvalsh(centred.T @ centred / len(centred))
    return (
        float(np.median(redness)),
        float(np.median(blueness)),
        float(np.log(redness.std() + 0.01)),
        float(np.log(np.sqrt(max(variances[1], 0.0)) + 0.01)),
    )


def _textures(luminance: Image.Image, lit: Mask) -> tuple[float, float]:
    """The last two features, from the 2×2 blocks of a grid that are lit."""
    grey = np.asarray(luminance, np.float64)
    a, b, c, d = (
        block[lit] for block in (grey[::2, ::2], grey[::2, 1::2], grey[1::2, ::2], grey[1::2, 1::2])
    )
    brightness = (a + b + c + d).mean() / 4 + _DARK_OFFSET
    squared = ((a + b - c - d) / 4) ** 2 + ((a - b + c - d) / 4) ** 2
    edges, texture = np.sqrt(squared.mean()), np.sqrt(np.median(squared))
    return (
        float(np.log((edges + 0.3) / brightness)),
        float(np.log((texture + 0.3) / brightness)),
    )
