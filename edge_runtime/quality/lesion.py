"""Whether anything stands out from the skin."""

import math

import numpy as np
import numpy.typing as npt

from edge_runtime.contract.preprocess import Pixels
from edge_runtime.quality.grid import DARK_OFFSET, GRID_SIDE, LOGS, Grid
from edge_runtime.quality.rim import Mask

_PARTS = 7
_PART_SIDE = GRID_SIDE // 2 // _PARTS
# Adds up what lies in the same part, along one side.
_ADDED = np.kron(np.eye(_PARTS), np.ones(_PART_SIDE)).astype(np.float32)


def lesion_contrast(grid: Grid) -> float:
    """How much colour and brightness differ between the parts of a picture.

    The standard deviation over 7×7 parts of the logarithms of their mean red, green and blue, as
    the root of the sum of the three variances: a lesion differs from the skin around it, while
    hair, pores and noise average out within a part. What is not lit is left out.

    Args:
        grid: Of a picture.

    Returns:
        0 or more; about 0.05 for plain skin in even light, 0.1 and more with a lesion.
    """
    logs = _logs_of_all(grid) if grid.lit is None else _logs_of_lit(grid.colours, grid.lit)
    if not logs.size:
        return 0.0
    centred = logs - logs.sum(axis=0) / len(logs)
    return math.sqrt(float(np.vdot(centred, centred)) / len(logs))


def _logs_of_all(grid: Grid) -> npt.NDArray[np.float32]:
    """Logarithms of the parts' means, whole levels, (49, 3): Pillow is several times as fast."""
    means = np.asarray(grid.image.reduce(GRID_SIDE // _PARTS)).reshape(-1, 3)
    return np.asarray(LOGS.take(means))


def _logs_of_lit(colours: Pixels, lit: Mask) -> npt.NDArray[np.float32]:
    """Those of what is lit, of the parts (n, 3) at least half of which is."""
    counted = _ADDED @ lit @ _ADDED.T
    mostly = counted >= _PART_SIDE**2 / 2
    planes = colours.transpose(2, 0, 1).astype(np.float32)
    means = (_ADDED @ (planes * lit) @ _ADDED.T)[:, mostly] / counted[mostly]
    return np.asarray(np.log(means + DARK_OFFSET), np.float32).T
