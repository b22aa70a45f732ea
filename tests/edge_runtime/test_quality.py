"""Which pictures are sent back before they are scored."""

import dataclasses
from collections.abc import Callable

import hypothesis.extra.numpy as arrays
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter

from edge_runtime.contract.quality_limits import CONTRAST_ONLY, DEFAULT_LIMITS, QualityLimits
from edge_runtime.quality import examine
from edge_runtime.quality.ink import ink_share
from edge_runtime.quality.ruler import ruler_ticks
from edge_runtime.quality.sample import Levels, median, take_sample
from edge_runtime.quality.view import middle_eigenvalue

Draw = Callable[..., npt.NDArray[np.uint8]]
SIZE = (224, 224, 3)

# What a message must tell the person with the camera to do.
ADVICE = {
    "uniform": "check the lens cap",
    "dark": "turn up the light",
    "bright": "turn down the light",
    "glare": "tilt the lens",
    "rim": "zoom in",
    "small": "send the original",
    "blur": "focus again",
    "view": "place the lens on the lesion",
    "lesion": "centre the lesion",
    "ink": "wipe the ink off",
    "ruler": "take it away",
}


def retake_reasons(
    pixels: npt.NDArray[np.uint8], limits: QualityLimits = CONTRAST_ONLY
) -> tuple[str, ...]:
    return tuple(examine(pixels, limits).retake.values())


def striped(contrast: int) -> npt.NDArray[np.uint8]:
    pixels = np.full(SIZE, 100, np.uint8)
    pixels[:112] += np.uint8(contrast)
    return pixels


def textured(size_hw: tuple[int, int] = (224, 224), coarsest: int = 4) -> npt.NDArray[np.uint8]:
    """Skin-coloured, with detail at every scale, as sharp pictures have.

    ``coarsest``: how many times the coarsest detail fits into a side.
    """
    rng = np.random.default_rng(1)
    height, width = size_hw
    plane = np.zeros(size_hw)
    for side in (4, 8, 16, 32, 64, 128, 256, 512):
        if side < coarsest:
            continue
        coarse = Image.fromarray(rng.normal(0, 1, (side, side)).astype(np.float32))
        plane += (
            np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC)) * (4 / side) ** 0.7
        )
    return np.clip(np.array([205, 150, 140]) * (1 + 0.12 * plane[..., None]), 0, 253).astype(
        np.uint8
    )


def only(reason: str, pixels: npt.NDArray[np.uint8]) -> None:
    retake = examine(pixels, DEFAULT_LIMITS).retake
    assert reason in retake
    assert ADVICE[reason] in retake[reason]


def test_a_lesion_on_skin_is_scored(lesion: Draw) -> None:
    assert retake_reasons(lesion(224, 224)) == ()


@pytest.mark.parametrize("limits", [DEFAULT_LIMITS, CONTRAST_ONLY])
@pytest.mark.parametrize("level", [0, 7, 128, 250])
def test_a_covered_lens_with_sensor_noise_is_sent_back(level: int, limits: QualityLimits) -> None:
    noise = np.random.default_rng(0).normal(level, 2, SIZE)
    reasons = retake_reasons(np.clip(noise, 0, 255).astype(np.uint8), limits)
    assert len(reasons) == 1
    assert "check the lens cap, the light and the focus" in reasons[0]


def test_the_least_contrast_is_enough_and_one_level_less_is_not() -> None:
    least = int(DEFAULT_LIMITS.min_contrast)
    assert retake_reasons(striped(least)) == ()
    assert f"contrast {least - 1} of at least {least}" in retake_reasons(striped(least - 1))[0]


def test_a_few_bright_specks_do_not_make_a_picture() -> None:
    pixels = np.full(SIZE, 100, np.uint8)
    pixels[:4, :64] = 255
    assert retake_reasons(pixels)


def test_a_picture_in_too_little_light_is_sent_back() -> None:
    only("dark", (textured() * 0.45).astype(np.uint8))


def test_brown_skin_may_be_darker_than_light_skin_and_not_without_end() -> None:
    light = (textured() * 0.5).astype(np.uint8)
    brown = (light * np.array([1, 0.9, 0.72])).astype(np.uint8)
    assert "dark" in examine(light, DEFAULT_LIMITS).retake
    assert "dark" not in examine(brown, DEFAULT_LIMITS).retake
    assert "dark" in examine((brown * 0.7).astype(np.uint8), DEFAULT_LIMITS).retake


def test_a_picture_in_too_much_light_is_sent_back() -> None:
    only("bright", np.clip(textured() * 1.4, 0, 255).astype(np.uint8))


def test_a_large_reflection_is_sent_back_and_a_small_one_is_not() -> None:
    pixels = textured()
    pixels[60:90, 60:90] = 255
    assert "glare" not in examine(pixels, DEFAULT_LIMITS).retake
    pixels[60:150, 60:150] = 255
    only("glare", pixels)


@pytest.mark.parametrize(("radius", "sent_back"), [(112, False), (70, True)])
def test_the_dark_rim_may_be_that_of_a_round_field(radius: int, sent_back: bool) -> None:
    pixels = textured()
    y, x = np.mgrid[:224, :224] - 111.5
    pixels[np.hypot(y, x) > radius] = 3
    assert ("rim" in examine(pixels, DEFAULT_LIMITS).retake) == sent_back


@pytest.mark.parametrize("side", [150, 224, 299, 448])
def test_a_blurred_picture_is_sent_back_and_a_sharp_one_is_not(side: int) -> None:
    pixels = textured((side, side))
    assert "blur" not in examine(pixels, DEFAULT_LIMITS).retake
    blurred = Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(0.02 * side))
    only("blur", np.asarray(blurred))


def test_a_screen_a_lawn_and_a_grey_picture_are_no_lesions() -> None:
    checks = np.kron(np.indices((15, 15)).sum(0) % 2, np.ones((15, 15)))[:224, :224]
    screen = (40 + checks[..., None] * [180, 130, 60]).astype(np.uint8)
    lawn = textured()[..., [1, 0, 2]]
    grey = textured()[..., [1, 1, 1]]
    for pixels in (screen, lawn, grey):
        only("view", pixels)


def without_a_lesion() -> npt.NDArray[np.uint8]:
    """Skin with pores and hairs, and light that falls off towards a corner."""
    y, x = np.mgrid[:224, :224] / 224
    light = 1 - 0.05 * (x + y)[..., None]
    image = Image.fromarray((textured(coarsest=32) * light).astype(np.uint8))
    for start in range(20, 220, 50):
        ImageDraw.Draw(image).line([(start, 0), (start - 40, 223)], fill=(120, 80, 70))
    return np.asarray(image)


# Drawn skin is not like skin in all six statistics of the view.
ANY_VIEW = dataclasses.replace(DEFAULT_LIMITS, max_view_distance=1e9)


def test_plain_skin_is_sent_back_and_a_faint_lesion_is_not() -> None:
    retake = examine(without_a_lesion(), ANY_VIEW).retake
    assert list(retake) == ["lesion"]
    assert ADVICE["lesion"] in retake["lesion"]
    faint = without_a_lesion().copy()
    faint[80:150, 80:150] = faint[80:150, 80:150] * np.array([0.85, 0.75, 0.7])
    assert examine(faint, ANY_VIEW).retake == {}


def test_the_rim_of_a_round_field_is_no_lesion() -> None:
    y, x = np.mgrid[:224, :224] - 111.5
    pixels = without_a_lesion().copy()
    pixels[np.hypot(y, x) > 112] = 3
    assert list(examine(pixels, ANY_VIEW).retake) == ["lesion"]


def test_an_enlarged_thumbnail_is_sent_back_where_its_size_is_known() -> None:
    pixels = textured()
    reasons = examine(pixels, DEFAULT_LIMITS, source_size_hw=(100, 300)).retake
    assert "300×100 pixels, at least 112×112" in reasons["small"]
    assert ADVICE["small"] in reasons["small"]
    assert "small" not in examine(pixels, DEFAULT_LIMITS, source_size_hw=(112, 112)).retake


VIOLET = (70, 45, 130)


@pytest.mark.parametrize("side", [112, 224, 299])
def test_a_pen_stroke_beside_the_lesion_is_sent_back(side: int) -> None:
    pixels = textured((side, side))
    assert ink_share(take_sample(pixels)) == 0
    image = Image.fromarray(pixels)
    ends = (side * 0.1, side * 0.35, side * 0.45, side * 0.08)
    ImageDraw.Draw(image).line(ends, fill=VIOLET, width=round(side / 30))
    only("ink", np.asarray(image))


@pytest.mark.parametrize("radius", [95, 106, 112, 130])
def test_the_blue_fringe_of_a_round_field_is_not_ink(radius: int) -> None:
    y, x = np.mgrid[:224, :224] - 111.5
    distance = np.hypot(y, x)
    pixels = textured().copy()
    pixels[distance > radius + 3] = 0
    pixels[abs(distance - radius) <= 3] = (60, 60, 150)
    assert ink_share(take_sample(pixels)) == 0


def test_what_is_blue_at_the_centre_or_wide_is_the_lesion() -> None:
    at_centre, wide = textured(), textured()
    at_centre[100:124, 90:134] = VIOLET
    wide[20:120, 20:120] = VIOLET
    for pixels in (at_centre, wide):
        assert ink_share(take_sample(pixels)) <= DEFAULT_LIMITS.max_ink


def test_a_blue_cast_is_not_ink() -> None:
    pixels = textured()[..., ::-1]
    assert ink_share(take_sample(pixels)) == 0


def with_ruler(side: int, ticks: int, paper: tuple[int, int, int]) -> npt.NDArray[np.uint8]:
    pixels = textured((side, side))
    pixels[:, : side // 7] = paper
    for place in np.linspace(side / 40, side * 0.95, ticks).astype(int):
        pixels[place : place + max(side // 100, 1), side // 20 : side // 7] = 30
    return pixels


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("side", [112, 224, 299])
def test_a_ruler_at_any_margin_is_sent_back(side: int, turns: int) -> None:
    ruled = np.ascontiguousarray(np.rot90(with_ruler(side, 11, (230, 230, 225)), turns))
    only("ruler", ruled)


def test_ticks_on_skin_few_ticks_or_plain_paper_are_no_ruler() -> None:
    on_skin, few = with_ruler(224, 11, (205, 150, 140)), with_ruler(224, 4, (230, 230, 225))
    for pixels in (on_skin, few, with_ruler(224, 0, (230, 230, 225))):
        ticks = ruler_ticks(Image.fromarray(pixels), take_sample(pixels))
        assert ticks <= DEFAULT_LIMITS.max_ruler_ticks


SIDES = st.integers(32, 260)


@given(
    height=SIDES, width=SIDES, low=st.integers(0, 255), spread=st.integers(0, 255), data=st.data()
)
def test_any_picture_gets_the_same_answer_twice(
    height: int, width: int, low: int, spread: int, data: st.DataObject
) -> None:
    seed = data.draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    pixels = rng.integers(low, min(256, low + spread + 1), (height, width, 3)).astype(np.uint8)
    before = pixels.copy()
    first = examine(pixels, DEFAULT_LIMITS)
    assert first == examine(pixels, DEFAULT_LIMITS)
    assert (pixels == before).all()
    for reason, message in first.retake.items():
        assert ADVICE[reason] in message


@given(arrays.arrays(np.uint8, (32, 40, 3)))
def test_any_small_array_gets_an_answer(pixels: npt.NDArray[np.uint8]) -> None:
    assert all(isinstance(reason, str) for reason in retake_reasons(pixels, DEFAULT_LIMITS))


@given(arrays.arrays(np.uint8, st.integers(1, 40)), st.floats(0, 100))
def test_percentiles_and_medians_are_those_of_numpy(
    levels: npt.NDArray[np.uint8], percent: float
) -> None:
    counted = Levels(levels, least_length=256)
    assert counted.percentile(percent) == pytest.approx(np.percentile(levels, percent))
    assert counted.share_below(128) == pytest.approx(np.mean(levels < 128))
    assert median(levels.astype(np.float32)) == np.median(levels)


@given(arrays.arrays(np.float64, (3, 5), elements=st.floats(-1, 1)))
def test_the_middle_eigenvalue_is_that_of_lapack(values: npt.NDArray[np.float64]) -> None:
    matrix = values @ values.T
    expected = np.linalg.eigvalsh(matrix)[1]
    assert middle_eigenvalue(matrix.tolist()) == pytest.approx(expected, abs=1e-7)
