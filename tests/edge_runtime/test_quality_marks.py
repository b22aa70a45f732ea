"""Pen marks, rulers and rims: what lies in the picture beside the lesion."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw, ImageFilter

from edge_runtime.contract.quality_limits import DEFAULT_LIMITS
from edge_runtime.quality import examine
from edge_runtime.quality.ink import ink_share
from edge_runtime.quality.ruler import ruler_ticks
from edge_runtime.quality.sample import take_sample

Pixels = npt.NDArray[np.uint8]
Textured = Callable[..., Pixels]
VIOLET = (70, 45, 130)


@pytest.mark.parametrize("side", [112, 224, 299])
def test_a_pen_stroke_beside_the_lesion_is_sent_back(textured: Textured, side: int) -> None:
    pixels = textured((side, side))
    assert ink_share(take_sample(pixels)) == 0
    image = Image.fromarray(pixels)
    ends = (side * 0.1, side * 0.35, side * 0.45, side * 0.08)
    ImageDraw.Draw(image).line(ends, fill=VIOLET, width=round(side / 30))
    assert "wipe the ink off" in examine(np.asarray(image), DEFAULT_LIMITS).retake["ink"]


@pytest.mark.parametrize("radius", [95, 106, 112, 130])
def test_the_blue_fringe_of_a_round_field_is_not_ink(textured: Textured, radius: int) -> None:
    y, x = np.mgrid[:224, :224] - 111.5
    distance = np.hypot(y, x)
    pixels = textured().copy()
    pixels[distance > radius + 3] = 0
    pixels[abs(distance - radius) <= 3] = (60, 60, 150)
    assert ink_share(take_sample(pixels)) == 0


def test_what_is_blue_at_the_centre_or_wide_is_the_lesion(textured: Textured) -> None:
    at_centre, wide = textured(), textured()
    at_centre[100:124, 90:134] = VIOLET
    wide[20:120, 20:120] = VIOLET
    for pixels in (at_centre, wide):
        assert ink_share(take_sample(pixels)) <= DEFAULT_LIMITS.max_ink


def test_reflections_are_not_ink(textured: Textured) -> None:
    pixels = textured()
    for y, x in ((30, 30), (30, 120), (190, 40), (180, 170)):
        pixels[y : y + 6, x : x + 6] = (235, 242, 255)
    assert ink_share(take_sample(pixels)) == 0


def test_a_soft_dark_rim_does_not_make_a_sharp_picture_blurred(textured: Textured) -> None:
    y, x = np.mgrid[:224, :224] - 111.5
    light = np.clip((114 - np.hypot(y, x)) / 5, 0, 1)[..., None]
    rimmed = (textured() * light).astype(np.uint8)
    assert "blur" not in examine(rimmed, DEFAULT_LIMITS).retake
    soft = np.asarray(Image.fromarray(rimmed).filter(ImageFilter.GaussianBlur(2)))
    assert "blur" in examine(soft, DEFAULT_LIMITS).retake


def test_a_blue_cast_is_not_ink(textured: Textured) -> None:
    pixels = textured()[..., ::-1]
    assert ink_share(take_sample(pixels)) == 0


def with_ruler(textured: Textured, side: int, ticks: int, paper: tuple[int, int, int]) -> Pixels:
    pixels = textured((side, side))
    pixels[:, : side // 7] = paper
    for place in np.linspace(side / 40, side * 0.95, ticks).astype(int):
        pixels[place : place + max(side // 100, 1), side // 20 : side // 7] = 30
    return pixels


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("side", [112, 224, 299])
def test_a_ruler_at_any_margin_is_sent_back(textured: Textured, side: int, turns: int) -> None:
    ruled = np.ascontiguousarray(np.rot90(with_ruler(textured, side, 11, (230, 230, 225)), turns))
    assert "take it away" in examine(ruled, DEFAULT_LIMITS).retake["ruler"]


def test_ticks_on_skin_few_ticks_or_plain_paper_are_no_ruler(textured: Textured) -> None:
    on_skin, few = (
        with_ruler(textured, 224, 11, (205, 150, 140)),
        with_ruler(textured, 224, 4, (230, 230, 225)),
    )
    for pixels in (on_skin, few, with_ruler(textured, 224, 0, (230, 230, 225))):
        ticks = ruler_ticks(Image.fromarray(pixels), take_sample(pixels))
        assert ticks <= DEFAULT_LIMITS.max_ruler_ticks
