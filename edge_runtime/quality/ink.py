"""Pen marks of a surgeon on the skin."""

from functools import cache

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from edge_runtime.quality.grid import LOGS
from edge_runtime.quality.rim import Mask
from edge_runtime.quality.sample import Levels, Sample, median

_LEAST_BRIGHT = 60  # darker colours are mostly noise, and black lesions look blue
_BLUER = 0.25  # of log(blue/red), beyond the skin's
_SKIN_PERCENTILE = 60  # of green: nearly all skin is brighter than any lesion
_INK_GREEN = 0.9  # ink has at most so much of the skin's green
_SKIN_GREEN = 0.7  # skin in a corner's shadow has so much of the bright skin's green
# A stroke is at most a seventh of a side wide; a blue lesion is wider.
_REACH_PER_SIDE = 1 / 14
_CENTRE = 0.5  # of half a side: what lies within is the lesion


def ink_share(sample: Sample) -> float:
    """Share of pixels, 0 to 1, that are pen marks.

    Gentian violet and other markers' dyes absorb red light, which neither melanin nor blood does:
    they are bluer than the skin. So is a blue nevus, and so are parts of a melanoma: but these lie
    at the centre, or are wide, or border on other parts of the lesion. A mark lies around the
    lesion, is thin, and has skin on either side. The coloured fringe that a lens draws around a
    round field has not.

    Args:
        sample: Of a picture.
    """
    bluish = sample.blue >= sample.red
    if not bluish.any():
        return 0.0
    bluish &= (sample.strongest >= _LEAST_BRIGHT) & _away_from_centre(sample.red.shape)
    if not bluish.any():
        return 0.0
    blueness = LOGS.take(sample.blue) - LOGS.take(sample.red)
    skin_blueness, skin_green = _skin(sample, blueness)
    bluer = blueness - skin_blueness
    # Reflections and white hair are bluer than skin, too, but not darker.
    marks = bluish & (bluer > _BLUER) & (sample.green < skin_green * _INK_GREEN)
    if not marks.any():
        return 0.0
    skin = (bluer < _BLUER / 2) & (sample.green >= skin_green * _SKIN_GREEN)
    marks &= _between(skin) | _between(skin.T).T
    return float(np.count_nonzero(marks) / marks.size)


@cache
def _away_from_centre(shape: tuple[int, int]) -> Mask:
    rows, columns = (np.linspace(-1, 1, side) ** 2 for side in shape)
    return np.asarray(np.add.outer(rows, columns) > _CENTRE**2)


def _skin(sample: Sample, blueness: npt.NDArray[np.float32]) -> tuple[float, float]:
    """The skin's blueness and its green: medians over the bright part of what is lit."""
    lit = sample.green[sample.strongest >= _LEAST_BRIGHT]
    bright = sample.green >= Levels(lit).percentile(_SKIN_PERCENTILE)
    return median(blueness[bright]), Levels(sample.green[bright]).percentile(50)


def _between(skin: Mask) -> Mask:
    """Pixels with skin near them on both sides along the first axis."""
    height = len(skin)
    reach = max(round(height * _REACH_PER_SIDE), 1)
    padded = np.pad(skin, ((reach, reach), (0, 0)))
    near = np.asarray(sliding_window_view(padded, reach, axis=0).any(axis=-1))
    return near[:height] & near[reach + 1 :]
