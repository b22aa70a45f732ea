"""Says on pixels whether two pictures are copies: laid upon each other, their details must agree.

Two round dark spots on plain skin agree in the coarse, and in the rim that dominates a picture's
contrast. So details are correlated block by block, and the blocks count alike: in a copy nearly all
agree (lines, dots, hairs, pores), in a chance likeness only those on the rim.
The alignment is that of Lucas and Kanade (IJCAI 1981), for scale and shift along each axis, with a
gain and an offset of brightness: crops of up to about 5 % per side, and dimmed or lit copies.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.contract.preprocess import Pixels
from trainer.audit.fingerprint import THUMBNAIL, Plane, brightness

# Between chance, 99 % below 0.20, and copies, at least 0.65: docs/audit.md says how measured.
LEAST_CORRELATION = 0.4

_SIDE = THUMBNAIL.size_hw[0]
# The outer pixels of a crop have no counterpart.
_INNER = slice(4, _SIDE - 4)
_BLOCK = 8
_CENTRED = ((np.arange(_SIDE) + 0.5) / _SIDE - 0.5).astype(np.float32)
_ROUNDS = ((2.0, 4), (0.7, 4))  # blur in pixels, steps
_MOST_STEP = 0.02
_LOW, _HIGH = np.array([0.9, -0.06, 0.9, -0.06]), np.array([1.1, 0.06, 1.1, 0.06])
_STILL = 2e-4


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How far two pictures agree when they lie upon each other.

    Attributes:
        correlation: Of their details, the mean over blocks, −1 to 1.
        difference: Mean absolute difference of the colours in grey levels, gain and offset of each
            channel removed.
    """

    correlation: float
    difference: float

    @property
    def confirmed(self) -> bool:
        """Whether they are copies of one picture."""
        return self.correlation >= LEAST_CORRELATION


def compare_pixels(first: Pixels, second: Pixels) -> Agreement:
    """How far two thumbnails agree, each uint8 RGB (64, 64, 3), in the same position."""
    rows, columns = _align(brightness(first), brightness(second))
    channels = [rows @ second[..., c].astype(np.float32) @ columns.T for c in range(3)]
    laid: Plane = np.stack(channels, axis=-1)
    correlation = _correlation(_details(brightness(first)), _details(brightness(laid)))
    return Agreement(correlation=correlation, difference=_difference(first, laid))


def _gaussian(sigma: float) -> Plane:
    """Matrix (64, 64) that blurs an axis; its rows sum to one, also at the border."""
    at = np.arange(_SIDE)
    weights = np.exp(-((at[:, None] - at) ** 2) / (2 * sigma**2))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32)


_BLURS = {sigma: _gaussian(sigma) for sigma in (0.7, 2.0)}


def _details(plane: Plane) -> Plane:
    """What is finer than the blur, block by block: (49, 64), each block's mean left out."""
    fine = (plane - _blurred(plane, 2.0))[_INNER, _INNER]
    blocks = len(fine) // _BLOCK
    rows = fine.reshape(blocks, _BLOCK, blocks, _BLOCK).swapaxes(1, 2).reshape(blocks**2, -1)
    centred: Plane = rows - rows.mean(axis=1, keepdims=True)
    return centred


def _blurred(plane: Plane, sigma: float) -> Plane:
    return np.asarray(_BLURS[sigma] @ plane @ _BLURS[sigma].T, np.float32)


def _resampling(scale: float, shift: float) -> Plane:
    """Matrix (64, 64) that reads an axis at ``scale · x + shift``, x from −0.5 to 0.5; linear."""
    place = np.clip((_CENTRED * scale + shift + 0.5) * _SIDE - 0.5, 0, _SIDE - 1)
    low = np.minimum(place.astype(np.intp), _SIDE - 2)
    matrix: Plane = np.zeros((_SIDE, _SIDE), np.float32)
    row = np.arange(_SIDE)
    matrix[row, low] = 1 - (place - low)
    matrix[row, low + 1] += place - low
    return matrix


def _align(first: Plane, second: Plane) -> tuple[Plane, Plane]:
    """Resampling of the second's rows and columns that lays it upon the first."""
    at = np.array([1.0, 0.0, 1.0, 0.0])  # scale and shift of columns, then of rows
    for sigma, steps in _ROUNDS:
        target, source = _blurred(first, sigma)[_INNER, _INNER].ravel(), _blurred(second, sigma)
        for _ in range(steps):
            step = _step(target, _resampling(*at[2:]) @ source @ _resampling(*at[:2]).T)
            at = np.clip(at + step, _LOW, _HIGH)
            if np.abs(step).max() < _STILL:
                break
    return _resampling(*at[2:]), _resampling(*at[:2])


def _step(target: Plane, laid: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Gauss-Newton step (4,) of scale and shift; gain and offset of brightness are solved along."""
    by_row, by_column = (
        _SIDE * np.gradient(laid, axis=axis)[_INNER, _INNER].ravel() for axis in (0, 1)
    )
    x = np.tile(_CENTRED[_INNER], len(_CENTRED[_INNER]))
    y = np.repeat(_CENTRED[_INNER], len(_CENTRED[_INNER]))
    inner = laid[_INNER, _INNER].ravel()
    terms = [by_column * x, by_column, by_row * y, by_row, inner, np.ones_like(inner)]
    design = np.stack(terms).astype(np.float64)
    normal = design @ design.T
    # Keeps a picture without structure from being singular.
    normal[np.diag_indices(len(normal))] *= 1 + 1e-4
    normal[np.diag_indices(len(normal))] += 1e-3
    solution = np.linalg.solve(normal, design @ target)
    step = solution[:4] / max(float(solution[4]), 0.2)
    return np.asarray(np.clip(step, -_MOST_STEP, _MOST_STEP), np.float64)


def _correlation(first: Plane, second: Plane) -> float:
    """Mean over the blocks of the correlation of their details."""
    products = (first * first).sum(axis=1) * (second * second).sum(axis=1)
    # The addend makes a block without detail count as one that does not agree.
    return float(((first * second).sum(axis=1) / np.sqrt(products + 1.0)).mean())


def _difference(first: Pixels, laid: Plane) -> float:
    a = first[_INNER, _INNER].reshape(-1, 3).astype(np.float32)
    b = laid[_INNER, _INNER].reshape(-1, 3)
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    gain = (a * b).sum(axis=0) / ((b * b).sum(axis=0) + 1e-6)
    return float(np.abs(a - gain * b).mean())
