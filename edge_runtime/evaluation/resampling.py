"""Cases redrawn with replacement: the engine of every bootstrap interval here.

A resample is a row of case weights: how often each case was drawn. Where lesions are known they
are drawn whole.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edge_runtime.evaluation.cases import group_indices
from edge_runtime.evaluation.estimate import Estimate
from edge_runtime.evaluation.ranking import FloatArray, IntArray

# Resamples are computed in blocks whose largest array has this size: about a dozen such arrays
# live at once, and small ones stay in the processor's cache.
BLOCK_BYTES = 2**20


@dataclass(frozen=True, kw_only=True, eq=False)
class Resampling:
    """How cases are redrawn: as ``units`` lesions, or as single cases where those are unknown."""

    count: int
    units: int
    unit_of_case: NDArray[np.intp] | None
    resamples: int
    confidence: float
    seed: int

    @classmethod
    def of(
        cls, count: int, groups: ArrayLike | None, resamples: int, confidence: float, seed: int
    ) -> Self:
        """A plan to redraw ``count`` cases.

        Args:
            count: how many cases there are.
            groups: the lesion of each case, shape (count,); None draws single cases.
            resamples: how many resamples to draw, 1 or more.
            confidence: coverage of the intervals, in (0, 1).
            seed: of the PCG64 generator.

        Raises:
            ValueError: resamples or confidence are out of range.
        """
        if resamples < 1:
            raise ValueError(f"Expected at least one resample. Received: {resamples=}.")
        if not 0.0 < confidence < 1.0:
            raise ValueError(f"Expected a confidence between 0 and 1. Received: {confidence=}.")
        unit_of_case, units = (None, count) if groups is None else group_indices(groups, count)
        return cls(
            count=count,
            units=units,
            unit_of_case=unit_of_case,
            resamples=resamples,
            confidence=confidence,
            seed=seed,
        )

    def estimates(self, figures: Callable[[IntArray], list[FloatArray]]) -> list[Estimate]:
        """Each figure on the cases as they are, with its interval over the resamples.

        Args:
            figures: from weightings, int64, shape (b, count), to arrays of shape (b,).
        """
        values = figures(np.ones((1, self.count), dtype=np.int64))
        blocks = [figures(weights) for weights in self._weights()]
        return [
            self._estimate(float(value[0]), np.concatenate(resampled))
            for value, *resampled in zip(values, *blocks, strict=True)
        ]

    def _weights(self) -> Iterator[IntArray]:
        """Blocks of case weights, int64, shape (block, count), one row per resample."""
        generator = np.random.Generator(np.random.PCG64(self.seed))
        rows_per_block = max(1, BLOCK_BYTES // (self.count * np.dtype(np.int64).itemsize))
        for first in range(0, self.resamples, rows_per_block):
            rows = min(rows_per_block, self.resamples - first)
            drawn = generator.integers(self.units, size=(rows, self.units))
            drawn += np.arange(rows)[:, np.newaxis] * self.units
            times = np.bincount(drawn.ravel(), minlength=rows * self.units)
            times = times.reshape(rows, self.units)
            yield times if self.unit_of_case is None else times[:, self.unit_of_case]

    def _estimate(self, value: float, resampled: FloatArray) -> Estimate:
        defined = resampled[~np.isnan(resampled)]
        low = high = math.nan
        if defined.size and not math.isnan(value):
            tail = (1.0 - self.confidence) / 2.0
            low, high = (float(end) for end in np.quantile(defined, [tail, 1.0 - tail]))
        return Estimate(value=value, low=low, high=high, confidence=self.confidence)
