"""A picture's pixels, thinned out and by channel, for measurements that need no more."""

import bisect
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from edge_runtime.contract.preprocess import Pixels

_LEAST_SIDE = 56

Channel = npt.NDArray[np.uint8]


class Sample(NamedTuple):
    """Some thousand pixels on a grid: enough for shares and percentiles, at a fraction of the cost.

    Attributes:
        red, green, blue: uint8 (h, w).
        strongest: The largest of the three at each pixel.
    """

    red: Channel
    green: Channel
    blue: Channel
    strongest: Channel


def take_sample(pixels: Pixels) -> Sample:
    """Sample uint8 pixels (H, W, 3), RGB: at least 56 a side, or all of a smaller picture."""
    step = max(min(pixels.shape[:2]) // _LEAST_SIDE, 1)
    red, green, blue = np.ascontiguousarray(pixels[::step, ::step].transpose(2, 0, 1))
    return Sample(red, green, blue, np.maximum(np.maximum(red, green), blue))


class Levels:
    """How many of some whole numbers lie where.

    Counting levels is several times as fast as sorting pixels, or as comparing them with each of
    several thresholds.
    """

    def __init__(self, levels: npt.NDArray[np.integer], least_length: int = 0) -> None:
        """Count levels, 0 and more, of any shape; the largest should be small.

        Args:
            levels: At least one.
            least_length: One more than the largest level that :meth:`share_below` is asked for.
        """
        self._size = levels.size
        # A list: searching it costs a fraction of a call of numpy.
        self._reached = np.bincount(levels.ravel(), minlength=least_length).cumsum().tolist()

    def share_below(self, level: int) -> float:
        """Share of the numbers, 0 to 1, that are smaller than a level from 1 on."""
        return float(self._reached[level - 1] / self._size)

    def percentile(self, percent: float) -> float:
        """Linear between neighbours, as ``numpy.percentile`` takes it.

        Args:
            percent: 0 to 100.
        """
        place, last = (self._size - 1) * percent / 100, self._size - 1
        whole = int(place)
        below = bisect.bisect_right(self._reached, whole)
        above = bisect.bisect_right(self._reached, min(whole + 1, last))
        return below + (above - below) * (place - whole)


def median(values: npt.NDArray[np.floating] | npt.NDArray[np.integer]) -> float:
    """Median of finite values, shape (n,), without the checks of ``numpy.median``."""
    middle = values.size // 2
    parted = np.partition(values, middle)
    if values.size % 2:
        return float(parted[middle])
    return float(parted[:middle].max() + parted[middle]) / 2
