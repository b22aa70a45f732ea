"""Which range of values each tensor takes: the extremes of every picture, and what joins them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

METHODS = ("min-max", "percentile")
PERCENTILE = 99.0
# From so many pictures on, what a single one shows does not move a percentile.
LEFT_OUT_FROM = round(100 / (100 - PERCENTILE)) + 1
# A picture that stretches a tensor's range to so many times what all others span stands out.
OUTLIER_FACTOR = 1.5

Extremes = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class TensorRanges:
    """Lowest and highest value of each tensor in each calibration picture.

    Attributes:
        tensors: Names of the t tensors.
        lowest: float64, shape (n pictures, t).
        highest: float64, shape (n pictures, t).
    """

    tensors: tuple[str, ...]
    lowest: Extremes
    highest: Extremes

    def joined(self, method: str) -> dict[str, tuple[float, float]]:
        """The range of each tensor, whatever the order of the pictures.

        Args:
            method: ``min-max`` covers every picture; ``percentile`` the middle of the pictures'
                extremes, so that one odd picture widens nothing.
        """
        if method == "min-max":
            low, high = self.lowest.min(axis=0), self.highest.max(axis=0)
        else:
            low = np.percentile(self.lowest, 100 - PERCENTILE, axis=0)
            high = np.percentile(self.highest, PERCENTILE, axis=0)
        pairs = zip(low.tolist(), high.tolist(), strict=True)
        return dict(zip(self.tensors, pairs, strict=True))

    def outliers(self) -> dict[int, int]:
        """Pictures that stretch tensors far beyond all others: place → number of tensors."""
        if len(self.lowest) < 3:
            return {}
        low, high = np.sort(self.lowest, axis=0), np.sort(self.highest, axis=0)
        others = high[-2] - low[1]
        above = high[-1] - low[1] > OUTLIER_FACTOR * others
        below = high[-2] - low[0] > OUTLIER_FACTOR * others
        found: dict[int, int] = {}
        for stretched, who in (
            (above, self.highest.argmax(axis=0)),
            (below, self.lowest.argmin(axis=0)),
        ):
            for picture in who[stretched].tolist():
                found[picture] = found.get(picture, 0) + 1
        return found


def ranges_of(statistics: Sequence[Mapping[str, Mapping[str, Any]]]) -> TensorRanges:
    """Ranges from one mapping a picture: tensor name → ``min`` and ``max`` arrays."""
    names = tuple(sorted(statistics[0]))
    extremes = {
        end: np.array([[float(np.ravel(one[n][end])[0]) for n in names] for one in statistics])
        for end in ("min", "max")
    }
    return TensorRanges(tensors=names, lowest=extremes["min"], highest=extremes["max"])
