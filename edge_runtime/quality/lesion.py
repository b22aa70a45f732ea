"""Whether anything stands out from the skin."""

import math

import numpy as np

from edge_runtime.quality.grid import DARK_OFFSET, GRID_SIDE, Grid

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
    planes = grid.colours.transpose(2, 0, 1).astype(np.float32)
    lit = np.ones(planes.shape[1:], np.float32) if grid.lit is None else grid.lit
    counted = _ADDED @ lit @ _ADDED.T
    mostly = counted >= _PART_SIDE**2 / 2
    means = (_ADDED @ (planes * lit) @ _ADDED.T)[:, mostly] / counted[mostly]
    if not means.size:
        return 0.0
    return math.sqrt(float(np.log(means + DARK_OFFSET).var(axis=1).sum()))
