"""Where training takes its inputs from: stored activations, or pictures augmented as it goes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from trainer.augmentation import AugmentationRanges, draw_parameters
from trainer.frozen import FrozenOutputs
from trainer.pixel_cache import CachedPixels

Indices = npt.NDArray[np.int_]


class Feed(Protocol):
    """Gives a model's input for pictures in views."""

    def batch(self, view: Indices | int, indices: Indices) -> Any:
        """The input for pictures (n,), each in its view or all in one; 0 is the picture itself."""
        ...


@dataclass(frozen=True, kw_only=True)
class StoredFeed:
    """Activations that were computed before.

    Attributes:
        outputs: Of the trunk.
    """

    outputs: FrozenOutputs

    def batch(self, view: Indices | int, indices: Indices) -> Any:
        """float32 activations (n, h, w, c)."""
        return self.outputs.rows(view, indices)


@dataclass(frozen=True, kw_only=True)
class PictureFeed:
    """Pixels with what the augmenter needs to make a view of each.

    Attributes:
        pixels: Decoded pictures.
        contents: sha256 of each.
        ranges: How far views depart.
        seed: Of the run.
    """

    pixels: CachedPixels
    contents: Sequence[str]
    ranges: AugmentationRanges
    seed: int

    def batch(self, view: Indices | int, indices: Indices) -> Any:
        """Inputs of :func:`trainer.augmentation.build_augmenter`'s model.

        The pixels are uint8, a quarter of what the model makes of them on its own device.
        """
        pixels = self.pixels.rows(indices)
        parameters = draw_parameters(
            self.ranges,
            [self.contents[i] for i in indices],
            views=np.broadcast_to(view, indices.shape),
            seed=self.seed,
            size=pixels.shape[1],
        )
        return {"pixels": pixels, **parameters}
