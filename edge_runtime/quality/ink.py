"""Pen marks of a surgeon on the skin."""

import numpy as np

from edge_runtime.contract.preprocess import Pixels


def ink_share(pixels: Pixels) -> float:
    """Share of pixels, 0 to 1, as violet, blue or green as skin markers write.

    Gentian violet and the other marker dyes absorb red light, which neither melanin nor blood does:
    red is then the weaker channel by a wide margin.

    Args:
        pixels: uint8 (H, W, 3), RGB.
    """
    sampled = pixels[::2, ::2].astype(np.int16)
    red = sampled[..., 0]
    other = np.maximum(sampled[..., 1], sampled[..., 2])
    return float(np.mean((other - red > 15) & (other * 8 > red * 9)))
