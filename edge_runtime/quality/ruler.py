"""A ruler of paper that was laid beside the lesion."""

import numpy as np
import numpy.typing as npt
from PIL import Image

from edge_runtime.quality.grid import LOGS
from edge_runtime.quality.rim import BLACK, Mask
from edge_runtime.quality.sample import Channel, Sample, median

_PALER = 0.08  # of log(red/green), below the picture's median; paper has no more than this itself
_PAPER_GREEN = 0.8  # paper is no darker than so much of the picture's median green
_STRIP_SIDE = 3 / 28  # a ruler covers at least so much of a side, at one of the four margins
_STRIP_SHARE = 0.6  # and paper, between the ticks, at least so much of that strip
_LINES = 8  # that a strip is cut into, along the margin: ticks are of different lengths
_TICK_DEPTH = 0.12  # a tick is darker than the middle of its line by at least so much
_LEAST_TICKS = 3  # fewer have no spacing
_EVEN, _EVEN_SHARE = 0.25, 0.6  # so many spacings differ by no more than this from their median


def ruler_ticks(image: Image.Image, sample: Sample) -> int:
    """Evenly spaced ticks on paper along one margin of the picture; 0 if there is no paper.

    Not counted is a scale that is engraved in the lens: it lies on skin, not on paper, and cannot
    be taken away.

    Args:
        image: RGB, at least 112 pixels a side.
        sample: Of it.
    """
    paper = _paper(sample)
    if paper is None:
        return 0
    by_margin = [strip.mean() for strip in _strips(paper)]
    margin = int(np.argmax(by_margin))
    if by_margin[margin] <= _STRIP_SHARE:
        return 0
    strip = _strips(np.asarray(image)[..., 1])[margin]
    return max(_even_ticks(line.mean(axis=0)) for line in np.array_split(strip, _LINES))


def _paper(sample: Sample) -> Mask | None:
    """Where colours are as pale as paper; None if hardly anything is."""
    pale = sample.red <= _REDDEST_PAPER.take(sample.green)
    if np.count_nonzero(pale) <= _STRIP_SHARE * _STRIP_SIDE * pale.size:
        return None
    lit = sample.strongest >= BLACK
    if not lit.any():
        return None
    redness = LOGS.take(sample.red) - LOGS.take(sample.green)
    paper = pale & lit & (redness < median(redness[lit]) - _PALER)
    return np.asarray(paper & (sample.green >= _PAPER_GREEN * np.median(sample.green[lit])))


# The largest red that paper has for each level of green.
_REDDEST_PAPER = (np.searchsorted(LOGS, LOGS + _PALER) - 1).astype(np.uint8)


def _strips(plane: Channel | Mask) -> list[npt.NDArray[np.generic]]:
    """Those along the top, bottom, left and right; margins run along the second axis."""
    top, left = (max(round(side * _STRIP_SIDE), 1) for side in plane.shape)
    return [plane[:top], plane[-top:], plane[:, :left].T, plane[:, -left:].T]


def _even_ticks(line: npt.NDArray[np.float64]) -> int:
    dark = line < np.median(line) * (1 - _TICK_DEPTH)
    begins = np.flatnonzero(dark[1:] & ~dark[:-1])
    if len(begins) < _LEAST_TICKS:
        return 0
    spacings = np.diff(begins)
    usual = np.median(spacings)
    even = np.abs(spacings - usual) <= max(_EVEN * usual, 1.5)
    return len(begins) if even.mean() >= _EVEN_SHARE else 0
