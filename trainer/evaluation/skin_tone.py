"""Estimates skin tone from the skin around a lesion: coarse, uncalibrated, better than silence.

The individual typology angle (ITA) was defined for a colorimeter on bare skin. A dermatoscope's
light, gel, white balance and pressure shift it, so that estimates by different methods disagree
on the same pictures (Kalb et al. 2023, arXiv:2308.09640). It is no measure of ethnicity, and no
substitute for a recorded skin type.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image

from edge_runtime.contract.preprocess import Pixels

# Lower bound of each category in degrees: Chardon et al. 1991 (doi
# 10.1111/j.1467-2494.1991.tb00561.x); the darkest two apart as in Del Bino and Bernerd 2013 (doi
# 10.1111/bjd.12529).
CATEGORIES = (
    ("very light", 55.0),
    ("light", 41.0),
    ("intermediate", 28.0),
    ("tan", 10.0),
    ("brown", -30.0),
    ("dark", -math.inf),
)

_BORDER_SHARE = 0.15  # of each side, as far in as a centred lesion seldom reaches
_VIGNETTE_L = 22.0  # darker is the tube of the dermatoscope, or black hair
_GLARE_L = 97.0
_HAIR_WIDTH = 9  # pixels of 224; thinner dark lines are closed
_HAIR_DEPTH = 8.0  # grey levels by which a hair is darker than its surroundings
_LEAST_GAP_L = 12.0  # between the classes of Otsu's threshold, else all is one tone
_LEAST_SHARE = 0.1  # of the border that must be left as skin
_SIDE = 224

# sRGB to XYZ under D65: IEC 61966-2-1; its white point; CIE 15:2004 for L*a*b*.
_XYZ_FROM_RGB = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
_WHITE = _XYZ_FROM_RGB.sum(axis=1)
_DELTA = 6 / 29


@dataclass(frozen=True, kw_only=True)
class SkinTone:
    """What the skin around a lesion looks like.

    Attributes:
        ita_degrees: Individual typology angle, in (-90, 90).
        category: Name in :data:`CATEGORIES`.
        skin_share: Share of the border that was taken for skin, in (0, 1].
    """

    ita_degrees: float
    category: str
    skin_share: float


def estimate_skin_tone(pixels: Pixels) -> SkinTone | None:
    """The tone of the skin in a picture's border; None where too little of it is skin.

    Left out of the border are what is nearly black (the tube of a dermatoscope) or nearly white
    (glare), dark lines thinner than 9 pixels of 224 (hair, by the black top-hat of DullRazor: Lee
    et al. 1997, doi 10.1016/S0010-4825(97)00020-6) and, where Otsu's threshold (1979, doi
    10.1109/TSMC.1979.4310076) finds two tones, the darker one (a lesion that reaches the border).

    Args:
        pixels: uint8 (H, W, 3), sRGB; of any size.
    """
    image = Image.fromarray(pixels).resize((_SIDE, _SIDE), Image.Resampling.BILINEAR)
    lab = lab_from_srgb(np.asarray(image))
    lightness = lab[..., 0]
    lit = (lightness > _VIGNETTE_L) & (lightness < _GLARE_L) & ~_hair(image)
    border = _border(_SIDE)
    if lit.any():
        lit &= lightness > _lesion_threshold(lightness[lit])
    skin = lit & border
    share = float(skin.sum() / border.sum())
    if share < _LEAST_SHARE:
        return None
    l_median, _, b_median = np.median(lab[skin], axis=0)
    if b_median <= 0:  # bluish: a colour cast, whose angle would mean nothing
        return None
    ita = individual_typology_angle(float(l_median), float(b_median))
    return SkinTone(ita_degrees=ita, category=category_of(ita), skin_share=share)


def individual_typology_angle(lightness: float, b: float) -> float:
    """arctan((L* − 50) / b*) · 180/π in degrees (Chardon et al. 1991).

    Args:
        lightness: L*, 0 … 100.
        b: b*, above 0.
    """
    return math.degrees(math.atan((lightness - 50) / b))


def category_of(ita_degrees: float) -> str:
    """The category whose lower bound lies below the angle."""
    return next(name for name, above in CATEGORIES if ita_degrees > above)


def lab_from_srgb(pixels: Pixels) -> npt.NDArray[np.float64]:
    """CIELAB under D65, float64, the shape of ``pixels``: L* 0 … 100, a* and b* about ±128.

    Args:
        pixels: uint8 (…, 3), sRGB.
    """
    encoded = np.arange(256) / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    xyz = linear[pixels] @ _XYZ_FROM_RGB.T / _WHITE
    f = np.where(xyz > _DELTA**3, np.cbrt(xyz), xyz / (3 * _DELTA**2) + 4 / 29)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack((116 * y - 16, 500 * (x - y), 200 * (y - z)), axis=-1)


def _border(side: int) -> npt.NDArray[np.bool_]:
    inset = round(_BORDER_SHARE * side)
    border = np.ones((side, side), np.bool_)
    border[inset:-inset, inset:-inset] = False
    return border


def _hair(image: Image.Image) -> npt.NDArray[np.bool_]:
    """Where a closing brightens the grey picture: dark lines, and a pixel around them."""
    grey = np.asarray(image.convert("L"))
    closed = 255 - _dilated(255 - _dilated(grey, _HAIR_WIDTH), _HAIR_WIDTH)
    return _dilated(closed - grey, 3) > _HAIR_DEPTH


def _dilated(grey: npt.NDArray[np.uint8], width: int) -> npt.NDArray[np.uint8]:
    """The highest value in a square of odd ``width`` around each pixel, uint8 (S, S)."""
    for axis in (0, 1):
        padding = [(width // 2, width // 2) if k == axis else (0, 0) for k in (0, 1)]
        padded = np.pad(grey, padding, mode="edge")
        grey = sliding_window_view(padded, width, axis=axis).max(axis=-1)
    return grey


def _lesion_threshold(lightness: npt.NDArray[np.float64]) -> float:
    """Otsu's threshold between two tones; minus infinity where there is only one.

    Args:
        lightness: L* of the pixels that are neither tube, glare nor hair, shape (n,).
    """
    counts, edges = np.histogram(lightness, bins=100, range=(0, 100))
    centres = (edges[:-1] + edges[1:]) / 2
    below, total = np.cumsum(counts), counts.sum()
    sums = np.cumsum(counts * centres)
    inside = (below > 0) & (below < total)
    if not inside.any():
        return -math.inf
    below, lower_sum = below[inside], sums[inside]
    lower, upper = lower_sum / below, (sums[-1] - lower_sum) / (total - below)
    best = int(np.argmax(below * (total - below) * (upper - lower) ** 2))
    if upper[best] - lower[best] < _LEAST_GAP_L:
        return -math.inf
    return float(edges[1:][inside][best])
