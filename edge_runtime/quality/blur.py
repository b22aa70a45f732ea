"""How sharp a picture is, whatever it shows."""

import math

import numpy as np
import numpy.typing as npt

from edge_runtime.quality.rim import BLACK, Mask, outside_rim
from edge_runtime.quality.sample import Levels

Plane = npt.NDArray[np.int16]

# Median of |x| of a normal distribution with standard deviation 1.
_MEDIAN_ABSOLUTE = 0.6745
# Below this energy (grey levels squared) a direction holds too little detail to compare.
_LEAST_ENERGY = 1e-3
_CELL = 8  # pixels: the coarsest detail spans so many


def viewed_cells(luminance: Plane) -> Mask | None:
    """Where a picture shows what is viewed: the edge of a dark rim says nothing of the focus.

    Args:
        luminance: int16 (height, width), 0 to 255.

    Returns:
        bool (height / 8, width / 8), by cells of 8×8 pixels; None where all of it counts.
    """
    if luminance[[0, 0, -1, -1], [0, -1, 0, -1]].min() >= BLACK:
        return None
    height, width = (side // _CELL for side in luminance.shape)
    cells = luminance[: height * _CELL, : width * _CELL]
    return outside_rim(cells.reshape(height, _CELL, width, _CELL).mean(axis=(1, 3)))


def sharpness(luminance: Plane, viewed: Mask | None = None) -> tuple[float, float]:
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
        viewed: What counts of it, as :func:`viewed_cells` gives it; None counts all.

    Returns:
        The finest scale's figure and the next one's, 0 or more; about 0.5 for an even ramp, 0.6 and
        more for a sharp picture.
    """
    if viewed is not None:
        height, width = (side * _CELL for side in viewed.shape)
        luminance = luminance[:height, :width]
    energies, sums, noise = [], luminance, 0.0
    for halvings in range(3):
        rows, across = _paired_rows(sums)
        counted = None if viewed is None else _enlarged(viewed, _CELL >> (halvings + 1))
        if halvings == 0:
            noise = _noise(across, counted)
        # Sums stand for means: each is four times as large as the mean of four pixels. Averaging
        # four leaves a quarter of the noise's energy.
        energies.append(
            [
                max(energy / 16 ** (halvings + 1) - noise / 4**halvings, 0.0)
                for energy in _energies(rows, across, counted)
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


def _enlarged(mask: Mask, times: int) -> Mask:
    return np.asarray(mask.repeat(times, axis=0).repeat(times, axis=1))


def _noise(across: Plane, counted: Mask | None) -> float:
    """Energy of the noise in the details of the finest scale, from the differences of its rows.

    Every other row is enough for a median.
    """
    diagonal = np.abs(across[::2, ::2] - across[::2, 1::2])
    if counted is not None:
        diagonal = diagonal[counted[::2]]
    return (Levels(diagonal).percentile(50) / 4 / _MEDIAN_ABSOLUTE) ** 2


def _energies(
    rows: Plane, across: Plane, counted: Mask | None
) -> tuple[float, float, float, float]:
    """Mean squares of a scale's details along columns, rows and the two diagonals.

    Args:
        rows: Sums of every two rows.
        across: Their differences.
        counted: Which details count; None counts all.
    """
    vertical = (across[:, ::2] + across[:, 1::2]).ravel().astype(np.float32)
    horizontal = (rows[:, ::2] - rows[:, 1::2]).ravel().astype(np.float32)
    if counted is not None:
        vertical, horizontal = vertical[counted.ravel()], horizontal[counted.ravel()]
    along_columns = float(vertical @ vertical) / vertical.size
    along_rows = float(horizontal @ horizontal) / vertical.size
    mixed = float(vertical @ horizontal) / vertical.size
    both = (along_columns + along_rows) / 2
    return along_columns, along_rows, both + mixed, both - mixed
