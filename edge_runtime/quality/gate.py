"""From measurements to reasons: what to do before the next try."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from edge_runtime.contract.preprocess import Pixels
from edge_runtime.contract.quality_limits import QualityLimits
from edge_runtime.quality.blur import sharpness, viewed_cells
from edge_runtime.quality.exposure import Exposure, measure_exposure, skin_reflectance
from edge_runtime.quality.grid import GRID_SIDE, Grid, take_grid
from edge_runtime.quality.ink import ink_share
from edge_runtime.quality.lesion import lesion_contrast
from edge_runtime.quality.ruler import ruler_ticks
from edge_runtime.quality.sample import Sample, take_sample
from edge_runtime.quality.view import view_distance, view_features

# Sharpness is measured at up to this side: a larger picture shows more detail than any model here
# uses, and cameras blur at their finest pixels.
EXAMINED_SIDE = 224
# In a smaller picture the finest scale is as coarse as the second one here.
_COARSE_SIDE = 192
# Of 277 pictures with a stroke of 3 % of their width, none was further than 4.1 times the limit.
_NO_SKIN = 4


@dataclass(frozen=True, kw_only=True)
class PictureQuality:
    """What the checks found.

    Attributes:
        retake: Why the picture cannot be scored, by check; empty if it can.
    """

    retake: dict[str, str]


def examine(
    pixels: Pixels,
    limits: QualityLimits,
    *,
    image: Image.Image | None = None,
    source_size_hw: tuple[int, int] | None = None,
) -> PictureQuality:
    """Check a picture before it is scored.

    Ruler, sharpness, view, lesion and ink are checked from 112 pixels a side on: less shows too
    little.

    Args:
        pixels: uint8 array (H, W, 3), RGB, as ``preprocess`` makes them.
        limits: When to send back.
        image: The pixels as an image of Pillow's, where there is one: it need not be made again.
        source_size_hw: Size of the picture before ``preprocess``; None leaves it unchecked.
    """
    sample = take_sample(pixels)
    exposure = measure_exposure(sample)
    if exposure.contrast < limits.min_contrast:
        return PictureQuality(retake={"uniform": _uniform(exposure, limits)})
    retake = _light(exposure, sample, limits)
    if source_size_hw is not None:
        retake |= _size(pixels, limits, source_size_hw)
    if min(pixels.shape[:2]) >= GRID_SIDE:
        image = Image.fromarray(pixels) if image is None else image
        sound = not retake
        retake |= _ruler(image, sample, limits) | _blur(image, limits)
        if sound and retake:  # a stroke's own edges may look blurred
            retake |= _ink(sample, limits)
        elif sound:
            # Wrong light or focus changes colours and textures, and a ruler has its own: only a
            # sound picture's tell the view.
            retake = _content(image, sample, limits)
    return PictureQuality(retake=retake)


def _uniform(exposure: Exposure, limits: QualityLimits) -> str:
    return (
        f"the picture is almost uniform (contrast {exposure.contrast:.0f} of at least "
        f"{limits.min_contrast:.0f} grey levels): check the lens cap, the light and the focus"
    )


def _light(exposure: Exposure, sample: Sample, limits: QualityLimits) -> dict[str, str]:
    found = {}
    if exposure.bright < limits.min_bright:
        least_bright = limits.min_bright * skin_reflectance(sample)
        if exposure.bright < least_bright:
            found["dark"] = (
                f"the picture is too dark (bright parts at {exposure.bright:.0f} of at least "
                f"{least_bright:.0f} grey levels): turn up the light or expose longer"
            )
    if exposure.clipped > limits.max_clipped:
        found["bright"] = (
            f"the picture is too bright ({exposure.clipped:.0%} of it at the end of the scale, "
            f"at most {limits.max_clipped:.0%}): turn down the light or expose less"
        )
    if exposure.white > limits.max_glare:
        found["glare"] = (
            f"reflections or white areas cover {exposure.white:.0%} of the picture, at most "
            f"{limits.max_glare:.0%}: use polarised light or immersion fluid, or tilt the lens"
        )
    if exposure.black > limits.max_dark_rim:
        found["rim"] = (
            f"a dark rim or shadow covers {exposure.black:.0%} of the picture, at most "
            f"{limits.max_dark_rim:.0%}: zoom in, or crop the picture to the lit field"
        )
    return found


def _size(pixels: Pixels, limits: QualityLimits, source_size_hw: tuple[int, int]) -> dict[str, str]:
    share = min(
        source / side for source, side in zip(source_size_hw, pixels.shape[:2], strict=True)
    )
    if share >= limits.min_source_share:
        return {}
    height, width = source_size_hw
    needed = [round(side * limits.min_source_share) for side in pixels.shape[:2]]
    return {
        "small": f"the picture is too small ({width}×{height} pixels, at least "
        f"{needed[1]}×{needed[0]}): send the original, not a thumbnail"
    }


def _blur(image: Image.Image, limits: QualityLimits) -> dict[str, str]:
    grey = image.convert("L")
    examined = tuple(min(side, EXAMINED_SIDE) for side in grey.size)
    if examined != grey.size:
        grey = grey.resize((examined[0], examined[1]), Image.Resampling.BOX)
    luminance = np.asarray(grey, np.int16)
    fine, coarse = sharpness(luminance, viewed_cells(luminance))
    blurred = fine < limits.min_sharpness
    strongly = min(examined) >= _COARSE_SIDE and coarse < limits.min_coarse_sharpness
    if not blurred and not strongly:
        return {}
    measured, least = (
        (fine, limits.min_sharpness) if blurred else (coarse, limits.min_coarse_sharpness)
    )
    return {
        "blur": f"the picture is blurred (sharpness {measured:.2f} of at least {least:.2f}): "
        "clean the lens, focus again and hold still"
    }


def _ruler(image: Image.Image, sample: Sample, limits: QualityLimits) -> dict[str, str]:
    ticks = ruler_ticks(image, sample)
    if ticks <= limits.max_ruler_ticks:
        return {}
    return {
        "ruler": f"a ruler lies in the picture ({ticks} evenly spaced ticks on paper, at most "
        f"{limits.max_ruler_ticks:.0f}): take it away"
    }


def _content(image: Image.Image, sample: Sample, limits: QualityLimits) -> dict[str, str]:
    grid = take_grid(image, sample.strongest)
    distance = view_distance(view_features(grid), limits)
    # Strokes of a pen are themselves unlike skin. Where nothing is like it, blue is not ink.
    ink = _ink(sample, limits) if distance <= _NO_SKIN * limits.max_view_distance else {}
    return _view(grid, distance, limits) | ink


def _view(grid: Grid, distance: float, limits: QualityLimits) -> dict[str, str]:
    if distance > limits.max_view_distance:
        return {
            "view": f"this does not look like a lesion through a dermatoscope (distance "
            f"{distance:.0f} of at most {limits.max_view_distance:.0f}): place the lens on the "
            "lesion and take away what covers it"
        }
    contrast = lesion_contrast(grid)
    if contrast < limits.min_lesion_contrast:
        return {
            "lesion": f"no lesion stands out from the skin (contrast {contrast:.3f} of at least "
            f"{limits.min_lesion_contrast:.3f}): centre the lesion and go nearer"
        }
    return {}


def _ink(sample: Sample, limits: QualityLimits) -> dict[str, str]:
    share = ink_share(sample)
    if share <= limits.max_ink:
        return {}
    return {
        "ink": f"pen marks lie beside the lesion ({share:.1%} of the picture, at most "
        f"{limits.max_ink:.1%}): wipe the ink off the skin"
    }
