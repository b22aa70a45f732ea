"""Whether a picture looks like skin through a dermatoscope, by six of its global statistics."""

import itertools
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edge_runtime.contract.quality_limits import QualityLimits
from edge_runtime.quality.grid import DARK_OFFSET, LOGS, Grid
from edge_runtime.quality.sample import Channel, median

Features = tuple[float, ...]

_EQUAL = 1e-12  # eigenvalues nearer to each other than this are one


def view_features(grid: Grid) -> Features:
    """Six numbers about colour and texture.

    0. redness, the median of log(red/green): skin is redder than green, paper and grass are not;
    1. blueness, the median of log(blue/green): sky, lawns, wood lie to either side of skin;
    2. log spread of redness: few surfaces are as even as skin with one lesion, few as colourful;
    3. log spread of colours off their main axis: melanin darkens along one line in log RGB, so
       skin and lesion lie near it, while a scene holds several colours;
    4. log strength of edges (root mean square of local differences over mean brightness): scenes
       and drawings have hard edges, skin has soft ones;
    5. log strength of fine texture (the median instead): drawings and screens are flat between
       their edges, skin is not.

    All are ratios, so that light and camera gain have little influence. What is not evenly lit is
    left out.

    Args:
        grid: Of a picture.
    """
    colours = grid.colours.reshape(-1, 3)
    steps = _steps(np.asarray(grid.image.convert("L"), np.int16))
    if grid.evenly_lit is not None:
        lit = grid.evenly_lit.ravel()
        colours, steps = colours[lit], (steps[0][lit], steps[1][lit])
    return *_colours(colours), *_textures(*steps)


def view_distance(features: Features, limits: QualityLimits) -> float:
    """Squared Mahalanobis distance of the features from those of dermatoscopic pictures."""
    away = [value - mean for value, mean in zip(features, limits.view_mean, strict=True)]
    pairs = itertools.product(away, repeat=2)
    return sum(a * b * weight for (a, b), weight in zip(pairs, limits.view_precision, strict=True))


def _colours(pixels: Channel) -> tuple[float, ...]:
    """The first four features of pixels (n, 3)."""
    logs = LOGS.take(pixels.T)
    centred = logs - logs.sum(axis=1, keepdims=True) / len(pixels)
    covariance = (centred @ centred.T / len(pixels)).tolist()
    spread = math.sqrt(max(covariance[0][0] + covariance[1][1] - 2 * covariance[0][1], 0.0))
    return (
        median(logs[0] - logs[1]),
        median(logs[2] - logs[1]),
        math.log(spread + 0.01),
        math.log(math.sqrt(max(middle_eigenvalue(covariance), 0.0)) + 0.01),
    )


def middle_eigenvalue(matrix: Sequence[Sequence[float]]) -> float:
    """The second of three eigenvalues of a symmetric 3×3 matrix.

    In closed form (Smith, Communications of the ACM 4(4), 1961, doi 10.1145/355578.366316):
    calling LAPACK takes longer than the rest of the colours.
    """
    (a, b, c), (_, d, e), (_, _, f) = matrix
    mean = (a + d + f) / 3
    a, d, f = a - mean, d - mean, f - mean
    scale = math.sqrt((a * a + d * d + f * f + 2 * (b * b + c * c + e * e)) / 6)
    if scale < _EQUAL:
        return mean
    determinant = a * (d * f - e * e) - b * (b * f - c * e) + c * (b * e - c * d)
    angle = math.acos(min(max(determinant / (2 * scale**3), -1.0), 1.0)) / 3
    # The largest lies at the angle, the smallest a third of a turn on; all three sum to 3 × mean.
    return mean - 2 * scale * (math.cos(angle) + math.cos(angle + 2 * math.pi / 3))


def _steps(grey: npt.NDArray[np.int16]) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.int32]]:
    """Of each 2×2 block: its sum, and the square of its change, 16 times that of the mean."""
    upper, lower = grey[::2], grey[1::2]
    rows, across = upper + lower, upper - lower
    left, right = rows[:, ::2], rows[:, 1::2]
    down = (across[:, ::2] + across[:, 1::2]).astype(np.int32)
    sideways = (left - right).astype(np.int32)
    return (left + right).ravel(), (down * down + sideways * sideways).ravel()


def _textures(sums: npt.NDArray[np.int16], squared: npt.NDArray[np.int32]) -> tuple[float, float]:
    """The last two features, from what :func:`_steps` gives of lit blocks."""
    # As floats: a processor of 32 bits adds integers up in as many.
    brightness = float(sums.sum(dtype=np.float64)) / sums.size / 4 + DARK_OFFSET
    edges = math.sqrt(float(squared.sum(dtype=np.float64)) / squared.size) / 4
    texture = math.sqrt(median(squared)) / 4
    return math.log((edges + 0.3) / brightness), math.log((texture + 0.3) / brightness)
