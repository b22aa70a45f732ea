"""A picture's pixels, thinned out and by channel, for measurements that need no more."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from edge_runtime.contract.preprocess import Pixels

Channel = npt.NDArray[np.uint8]


class Sample(NamedTuple):
    """Every other pixel each way: enough for shares and percentiles, at a quarter of the cost.

    Attributes:
        red, green, blue: uint8 (h, w).
        strongest: The largest of the three at each pixel.
        weakest: The smallest.
    """

    red: Channel
    green: Channel
    blue: Channel
    strongest: Channel
    weakest: Channel


def take_sample(pixels: Pixels) -> Sample:
    """Sample uint8 pixels (H, W, 3), RGB."""
    red, green, blue = np.ascontiguousarray(pixels[::2, ::2].transpose(2, 0, 1))
    strongest = np.maximum(np.maximum(red, green), blue)
    weakest = np.minimum(np.minimum(red, green), blue)
    return Sample(red, green, blue, strongest, weakest)


def percentiles(levels: npt.NDArray[np.integer], *percents: float) -> list[float]:
    """Percentiles of whole numbers, linear between neighbours as ``numpy.percentile`` takes them.

    Counting levels is several times as fast as sorting pixels.

    Args:
        levels: 0 and more, any shape; the largest should be small.
        percents: 0 to 100.
    """
    reached = np.bincount(levels.ravel()).cumsum()
    found = []
    for percent in percents:
        place = (levels.size - 1) * percent / 100
        whole = int(place)
        below, above = reached.searchsorted((whole, min(whole + 1, levels.size - 1)), "right")
        found.append(float(below + (above - below) * (place - whole)))
    return found


def median(values: npt.NDArray[np.floating] | npt.NDArray[np.integer]) -> float:
    """Median of finite values, shape (n,), without the checks of ``numpy.median``."""
    middle = values.size // 2
    if values.size % 2:
        return float(np.partition(values, middle)[middle])
    parted = np.partition(values, (middle - 1, middle))
    return float(parted[middle - 1] + parted[middle]) / 2
