"""Pen marks of a surgeon on the skin."""

import numpy as np

from edge_runtime.quality.sample import Sample

_LEVELS = np.arange(256)
# What green or blue must exceed for each level of red: by 15 levels, and by an eighth.
_LEAST = np.minimum(np.maximum(_LEVELS + 15, _LEVELS * 9 // 8), 255).astype(np.uint8)


def ink_share(sample: Sample) -> float:
    """Share of pixels, 0 to 1, as violet, blue or green as skin markers write.

    Gentian violet and the other marker dyes absorb red light, which neither melanin nor blood does:
    red is then the weaker channel by a wide margin.

    Args:
        sample: Of a picture.
    """
    marked = np.maximum(sample.green, sample.blue) > _LEAST.take(sample.red)
    return np.count_nonzero(marked) / marked.size
