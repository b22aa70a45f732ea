"""Pen marks of a surgeon on the skin."""

import numpy as np

from edge_runtime.quality.sample import Sample


def ink_share(sample: Sample) -> float:
    """Share of pixels, 0 to 1, as violet, blue or green as skin markers write.

    Gentian violet and the other marker dyes absorb red light, which neither melanin nor blood does:
    red is then the weaker channel by a wide margin.

    Args:
        sample: Of a picture.
    """
    red = sample.red.astype(np.int16)
    other = np.maximum(sample.green, sample.blue).astype(np.int16)
    marked = (other - red > 15) & (other * 8 > red * 9)
    return np.count_nonzero(marked) / marked.size
