"""How the light fell: too little, too much, reflections, a dark rim."""

import math
from dataclasses import dataclass

import numpy as np

from edge_runtime.quality.rim import BLACK
from edge_runtime.quality.sample import Levels, Sample, median

_CLIPPED, _WHITE = 254, 240
# Melanin absorbs blue more than green, and least in red. A unit of its optical density in blue
# takes 0.28 of log(blue/green) and 0.55 of log(red) in light (edge_runtime.synthetic), and so 0.117
# and 0.229 of sRGB values, which are about light to the power of 1/2.4.
_BLUENESS_OF_LIGHT_SKIN = -0.04  # six pictures in seven of light skin lie above
_BLUENESS_PER_DENSITY, _RED_PER_DENSITY = 0.117, 0.229
_MAX_DENSITY = 2.0
_LOGS = np.log(np.arange(256) + 8.0).astype(np.float32)  # nearly black pixels are mostly noise


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
    """

    contrast: float
    bright: float
    clipped: float
    white: float
    black: float


def measure_exposure(sample: Sample) -> Exposure:
    """Measure a sample of a picture."""
    strongest, green = Levels(sample.strongest, _CLIPPED), Levels(sample.green)
    return Exposure(
        contrast=green.percentile(98) - green.percentile(2),
        bright=strongest.percentile(95),
        clipped=1 - strongest.share_below(_CLIPPED),
        white=_white_share(sample) if strongest.share_below(_WHITE) < 1 else 0.0,
        black=strongest.share_below(BLACK),
    )


def _white_share(sample: Sample) -> float:
    weakest = np.minimum(np.minimum(sample.red, sample.green), sample.blue)
    return np.count_nonzero(weakest >= _WHITE) / weakest.size


def skin_reflectance(sample: Sample) -> float:
    """How bright red can be for the skin's colour: 1 on light skin, down to 0.63 on the darkest.

    A camera set for light skin shows dark skin rightly darker.
    """
    blueness = median((_LOGS.take(sample.blue) - _LOGS.take(sample.green)).ravel())
    density = (_BLUENESS_OF_LIGHT_SKIN - blueness) / _BLUENESS_PER_DENSITY
    return math.exp(-_RED_PER_DENSITY * min(max(density, 0.0), _MAX_DENSITY))
