"""Features and labels of some pictures, read a block at a time: views make many of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainer.frozen import FrozenOutputs
from trainer.standardisation import Array, Layers

# 4,096 rows of 2,048 features are 32 MB.
_BLOCK = 4096


@dataclass(frozen=True, kw_only=True)
class FeatureRows:
    """Rows that a head learns from or is judged by.

    Attributes:
        outputs: Pooled features (C,) of all pictures and views.
        labels: 0 or 1 of all pictures (n,).
        indices: The pictures whose rows these are.
        views: Augmented views of each, besides the picture itself.
    """

    outputs: FrozenOutputs
    labels: npt.NDArray[np.int_]
    indices: npt.NDArray[np.int_]
    views: int = 0

    def blocks(self) -> Iterator[tuple[Array, npt.NDArray[np.int_]]]:
        """Features (b, C) and labels (b,), view by view."""
        for view in range(self.views + 1):
            for start in range(0, len(self.indices), _BLOCK):
                some = self.indices[start : start + _BLOCK]
                yield self.outputs.rows(view, some), self.labels[some]

    def features(self) -> Iterator[Array]:
        """Features (b, C) alone."""
        for features, _ in self.blocks():
            yield features

    def rows(self, numbers: npt.NDArray[np.int_]) -> Array:
        """Features (b, C) of some rows, counted in the order of the blocks."""
        views, places = np.divmod(numbers, len(self.indices))
        return self.outputs.rows(views, self.indices[places])

    @property
    def row_labels(self) -> npt.NDArray[np.int_]:
        """Labels of all rows, in the order of the blocks."""
        return np.tile(self.labels[self.indices], self.views + 1)

    def logits(self, layers: Layers) -> npt.NDArray[np.float64]:
        """Logits of all rows by a head for raw features."""
        return np.concatenate([dense_logits(features, layers) for features in self.features()])


def dense_logits(features: Array, layers: Sequence[tuple[Array, Array]]) -> npt.NDArray[np.float64]:
    """Logits (n,) of features (n, C) by dense layers with ReLU between them."""
    outputs = features.astype(np.float64)
    for number, (kernel, bias) in enumerate(layers):
        outputs = (np.maximum(outputs, 0) if number else outputs) @ kernel.astype(np.float64) + bias
    return outputs[:, 0]
