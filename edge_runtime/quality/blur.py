"""How sharp a picture is, whatever it shows."""

import math

import numpy as np
import numpy.typing as npt

from edge_runtime.quality.sample import Levels

Plane = npt.NDArray[np.int16]

# Median of |x| of a normal distribution with standard deviation 1.
_MEDIAN_ABSOLUTE = 0.6745
# Below this energy (grey levels squared) a direction holds too little detail to compare.
_LEAST_ENERGY = 1e-3


def sharpness(luminance: Plane) -> tuple[float, float]:
    """How much detail is left at each of the two finest scales, in the least sharp direction.

    Detail is the difference between neighbouring pixels along rows, columns and both diagonals, and
    a scale the picture at half the size of the one before: a Haar transform. Each figure is the
    detail of a scale over that of the next. A sharp edge gives about as much at both, a blurred one
    half as much at the finer, since the brightness then changes evenly over several pixels. So the
    figures do not depend on how much there is to see, as the usual variance of the Laplacian does;
    and a moved camera, which blurs in one direction, is seen too. The coarser figure finds strong
    blur, after which only rounding is left at the finest scale.

    Sensor noise would look like detail: its energy is estimated from the median of the finest
    diagonal details (Donoho and Johnstone, Biometrika 1994) and taken off.

    Args:
        luminance: int16 (height, width), 0 to 255, sides at least 8.

    Returns:
        The finest scale's figure and the next one's, 0 or more; about 0.5 for an even ramp, 0.6 and
        more for a sharp picture.
    """
    energies, sums, noise = [], luminance, 0.0
    for halvings in range(3):
        rows, across = _paired_rows(sums)
        if halvings == 0:
            noise = _noise(across)
        # Sums stand for means: each is four times as large as the mean of four pixels. Averaging
        # four leaves a quarter of the noise's energy.
        energies.append(
            [
                max(energy / 16 ** (halvings + 1) - noise / 4**halvings, 0.0)
                for energy in _energies(rows, across)
            ]
        )
        sums = rows[:, ::2] + rows[:, 1::2]
    return _least_share(energies[0], energies[1]), _least_share(energies[1], energies[2])


def _least_share(fine: list[float], coarse: list[float]) -> float:
    return min(
        math.sqrt(at_fine / max(at_coarse, _LEAST_ENERGY))
        for at_fine, at_coarse in zip(fine, coarse, strict=True)
    )


def _paired_rows(plane: Plane) -> tuple[Plane, Plane]:
    """Sums and differences of every two rows: they lie together in memory, columns do not.

    Three scales of sums of 8 bits fit into 15.
    """
    height, width = (side // 2 * 2 for side in plane.shape)
    upper, lower = plane[:height:2, :width], plane[1:height:2, :width]
    return upper + lower, upper - lower


def _noise(across: Plane) -> float:
    """Energy of the noise in the details of the finest scale, from the differences of its rows.

    Every other row is enough for a median.
    """
    diagonal = np.abs(across[::2, ::2] - across[::2, 1::2])
    return (Levels(diagonal).percentile(50) / 4 / _MEDIAN_ABSOLUTE) ** 2


def _energies(rows: Plane, across: Plane) -> tuple[float, float, float, float]:
    """Mean squares of a scale's details along columns, rows and the two diagonals.

    Args:
        rows: Sums of every two rows.
        across: Their differences.
    """
    vertical = (across[:, ::2] + across[:, 1::2]).ravel().astype(np.float32)
    horizontal = (rows[:, ::2] - rows[:, 1::2]).ravel().astype(np.float32)
    along_columns = float(vertical @ vertical) / vertical.size
    along_rows = float(horizontal @ horizontal) / vertical.size
    mixed = float(vertical @ horizontal) / vertical.size
    both = (along_columns + along_rows) / 2
    return along_columns, along_rows, both + mixed, both - mixed
