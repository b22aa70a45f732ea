"""How the light fell: too little, too much, reflections, a dark rim."""

import math
from dataclasses import dataclass

import numpy as np

from edge_runtime.contract.preprocess import Pixels

_CLIPPED, _WHITE, _BLACK = 254, 240, 40
# Melanin absorbs blue more than green, and least in red. A unit of its optical density in blue
# takes 0.28 of log(blue/green) and 0.55 of log(red) in light (edge_runtime.synthetic), and so 0.117
# and 0.229 of sRGB values, which are about light to the power of 1/2.4.
_BLUENESS_OF_LIGHT_SKIN = -0.04  # six pictures in seven of light skin lie above
_BLUENESS_PER_DENSITY, _RED_PER_DENSITY = 0.117, 0.229
_MAX_DENSITY = 2.0


@dataclass(frozen=True, kw_only=True)
class Exposure:
    """Measurements of the light; grey levels 0 to 255, shares 0 to 1.

    Attributes:
        contrast: Span of the green channel between its 2nd and 98th percentile.
        bright: 95th percentile of each pixel's strongest channel: on skin the red one, which
            depends least on how dark the skin is.
        clipped: Share of pixels whose strongest channel is at its end.
        white: Share of pixels that are nearly white, as reflections are.
        black: Share of pixels that are nearly black, as the rim of the view is.
        skin_reflectance: How bright the skin's red can be for its colour, from 1 for light skin to
            0.63 for the darkest: a camera set for light skin shows dark skin rightly darker.
    """

    contrast: float
    bright: float
    clipped: float
    white: float
    black: float
    skin_reflectance: float


def measure_exposure(pixels: Pixels) -> Exposure:
    """Measure uint8 pixels (H, W, 3), RGB."""
    # Every other pixel each way is enough for shares and percentiles and costs a quarter.
    sampled = pixels[::2, ::2]
    red, green, blue = sampled[..., 0], sampled[..., 1], sampled[..., 2]
    strongest = np.maximum(np.maximum(red, green), blue)
    weakest = np.minimum(np.minimum(red, green), blue)
    dark, light = np.percentile(green, (2, 98))
    return Exposure(
        contrast=float(light - dark),
        bright=float(np.percentile(strongest, 95)),
        clipped=float(np.mean(strongest >= _CLIPPED)),
        white=float(np.mean(weakest >= _WHITE)),
        black=float(np.mean(strongest < _BLACK)),
        skin_reflectance=_skin_reflectance(sampled[::2, ::2]),
    )


def _skin_reflectance(pixels: Pixels) -> float:
    logs = np.log(pixels[..., 1:] + 8.0)
    blueness = float(np.median(logs[..., 1] - logs[..., 0]))
    density = (_BLUENESS_OF_LIGHT_SKIN - blueness) / _BLUENESS_PER_DENSITY
    return math.exp(-_RED_PER_DENSITY * min(max(density, 0.0), _MAX_DENSITY))
