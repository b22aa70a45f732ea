"""Features of mean 0 and deviation 1, and the weights of a head for them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
# Kernel (m, k) and bias (k,) of each dense layer of a head, the first one next to the features.
Layers = Sequence[tuple[Array, Array]]

# Of the features' mean deviation: one that hardly differs between training pictures says nothing,
# but would be blown up where other pictures, or views, have it. On HAM10000 none of InceptionV3's
# mixed2 to mixed5 lies below.
_LEAST_SHARE = 0.01
_ABOVE_ZERO = 1e-6


@dataclass(frozen=True, kw_only=True)
class Standardisation:
    """Mean and deviation of training features.

    Learning goes the same way whatever the features' scale, and a feature that is left out is left
    at its mean, not at zero.

    Attributes:
        mean: float32 (C,).
        deviation: float32 (C,), above 0.
    """

    mean: Array
    deviation: Array

    @classmethod
    def of(cls, blocks: Iterable[Array]) -> "Standardisation":
        """Of blocks of features (b, C), at least one."""
        count, total, squares = 0, np.zeros(()), np.zeros(())
        for features in blocks:
            count += len(features)
            total = total + features.sum(axis=0, dtype=np.float64)
            squares = squares + np.square(features, dtype=np.float64).sum(axis=0)
        mean = total / count
        deviation = np.sqrt(np.maximum(squares / count - np.square(mean), 0))
        least = _LEAST_SHARE * deviation.mean()
        return cls(
            mean=mean.astype(np.float32),
            deviation=(np.maximum(deviation, least) + _ABOVE_ZERO).astype(np.float32),
        )

    def apply(self, features: Array) -> Array:
        """Standardised features (n, C)."""
        return (features - self.mean) / self.deviation

    def for_raw(self, layers: Layers) -> tuple[tuple[Array, Array], ...]:
        """The head for raw features that computes what these layers compute of standardised."""
        (kernel, bias), *rest = layers
        kernel = (kernel / self.deviation[:, np.newaxis]).astype(np.float32)
        return ((kernel, (bias - self.mean @ kernel).astype(np.float32)), *rest)

    def for_standardised(self, layers: Layers) -> tuple[tuple[Array, Array], ...]:
        """The head for standardised features that computes what these layers compute of raw."""
        (kernel, bias), *rest = layers
        scaled = (kernel * self.deviation[:, np.newaxis]).astype(np.float32)
        return ((scaled, (bias + self.mean @ kernel).astype(np.float32)), *rest)
