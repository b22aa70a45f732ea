"""The dark rim around a round field of view, which is not part of what is viewed."""

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]

BLACK = 40  # the rim is darker than this, at least in a corner
# Of the usual brightness: light falls off before the rim is black.
_SHARE = 0.85
_FALL_OFF, _MARGIN = 5, 2  # cells, of about 28 a side: from black to bright, and beyond it
_LEAST_LEFT = 0.2  # of the picture; less tells too little


def outside_rim(brightness: npt.NDArray[np.floating]) -> Mask | None:
    """What is neither dark in one piece from the picture's edge inwards, nor next to that.

    Args:
        brightness: (height, width), grey levels, of the cells of a picture: about 28 a side.

    Returns:
        bool (height, width); None where no corner is black, all is, or little would be left.
    """
    if brightness[[0, 0, -1, -1], [0, -1, 0, -1]].min() >= BLACK:
        return None
    lit = brightness[brightness >= BLACK]
    if not lit.size:
        return None
    not_black = ~_from_edges(brightness < BLACK)
    falling = _from_edges(brightness < _SHARE * np.median(lit))
    # A lesion that touches the rim is dark, too: no further than light falls off.
    rim = falling & ~_shrunk(not_black, _FALL_OFF) | ~not_black
    viewed = _shrunk(~rim, _MARGIN)
    return viewed if viewed.mean() >= _LEAST_LEFT else None


def _from_edges(dark: Mask) -> Mask:
    """What is dark in one piece from one of the four edges on, along rows or columns."""
    found = _from_first(dark) | _from_first(dark[::-1])[::-1]
    return np.asarray(found | _from_first(dark.T).T | _from_first(dark.T[::-1])[::-1].T)


def _shrunk(mask: Mask, times: int) -> Mask:
    for _ in range(times):
        mask = inner(mask)
    return mask


def _from_first(dark: Mask) -> Mask:
    """What is dark in one piece from the first row on."""
    return np.asarray(np.logical_and.accumulate(dark, axis=0))


def inner(mask: Mask) -> Mask:
    """The cells whose eight neighbours are in the mask too."""
    rows = mask.copy()
    rows[1:] &= mask[:-1]
    rows[:-1] &= mask[1:]
    inside = rows.copy()
    inside[:, 1:] &= rows[:, :-1]
    inside[:, :-1] &= rows[:, 1:]
    return inside
