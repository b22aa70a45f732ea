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
from edge_runtime.quality.sample import Levels, median
from edge_runtime.quality.view import middle_eigenvalue

Draw = Callable[..., npt.NDArray[np.uint8]]
Textured = Callable[..., npt.NDArray[np.uint8]]
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


def test_a_picture_in_too_little_light_is_sent_back(textured: Textured) -> None:
    only("dark", (textured() * 0.45).astype(np.uint8))


def test_brown_skin_may_be_darker_than_light_skin_and_not_without_end(textured: Textured) -> None:
    light = (textured() * 0.5).astype(np.uint8)
    brown = (light * np.array([1, 0.9, 0.72])).astype(np.uint8)
    assert "dark" in examine(light, DEFAULT_LIMITS).retake
    assert "dark" not in examine(brown, DEFAULT_LIMITS).retake
    assert "dark" in examine((brown * 0.7).astype(np.uint8), DEFAULT_LIMITS).retake


def test_a_picture_in_too_much_light_is_sent_back(textured: Textured) -> None:
    only("bright", np.clip(textured() * 1.4, 0, 255).astype(np.uint8))


def test_a_large_reflection_is_sent_back_and_a_small_one_is_not(textured: Textured) -> None:
    pixels = textured()
    pixels[60:90, 60:90] = 255
    assert "glare" not in examine(pixels, DEFAULT_LIMITS).retake
    pixels[60:150, 60:150] = 255
    only("glare", pixels)


@pytest.mark.parametrize(("radius", "sent_back"), [(112, False), (70, True)])
def test_the_dark_rim_may_be_that_of_a_round_field(
    textured: Textured, radius: int, sent_back: bool
) -> None:
    pixels = textured()
    y, x = np.mgrid[:224, :224] - 111.5
    pixels[np.hypot(y, x) > radius] = 3
    assert ("rim" in examine(pixels, DEFAULT_LIMITS).retake) == sent_back


@pytest.mark.parametrize("side", [150, 224, 299, 448])
def test_a_blurred_picture_is_sent_back_and_a_sharp_one_is_not(
    textured: Textured, side: int
) -> None:
    pixels = textured((side, side))
    assert "blur" not in examine(pixels, DEFAULT_LIMITS).retake
    blurred = Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(0.02 * side))
    only("blur", np.asarray(blurred))


def test_a_screen_a_lawn_and_a_grey_picture_are_no_lesions(textured: Textured) -> None:
    checks = np.kron(np.indices((15, 15)).sum(0) % 2, np.ones((15, 15)))[:224, :224]
    screen = (40 + checks[..., None] * [180, 130, 60]).astype(np.uint8)
    lawn = textured()[..., [1, 0, 2]]
    grey = textured()[..., [1, 1, 1]]
    for pixels in (screen, lawn, grey):
        only("view", pixels)


def without_a_lesion(textured: Textured) -> npt.NDArray[np.uint8]:
    """Skin with pores and hairs, and light that falls off towards a corner."""
    y, x = np.mgrid[:224, :224] / 224
    light = 1 - 0.05 * (x + y)[..., None]
    image = Image.fromarray((textured(coarsest=32) * light).astype(np.uint8))
    for start in range(20, 220, 50):
        ImageDraw.Draw(image).line([(start, 0), (start - 40, 223)], fill=(120, 80, 70))
    return np.asarray(image)


# Drawn skin is not like skin in all six statistics of the view.
ANY_VIEW = dataclasses.replace(DEFAULT_LIMITS, max_view_distance=1e9)


def test_plain_skin_is_sent_back_and_a_faint_lesion_is_not(textured: Textured) -> None:
    retake = examine(without_a_lesion(textured), ANY_VIEW).retake
    assert list(retake) == ["lesion"]
    assert ADVICE["lesion"] in retake["lesion"]
    faint = without_a_lesion(textured).copy()
    faint[80:150, 80:150] = faint[80:150, 80:150] * np.array([0.85, 0.75, 0.7])
    assert examine(faint, ANY_VIEW).retake == {}


def test_the_rim_of_a_round_field_is_no_lesion(textured: Textured) -> None:
    y, x = np.mgrid[:224, :224] - 111.5
    pixels = without_a_lesion(textured).copy()
    pixels[np.hypot(y, x) > 112] = 3
    assert list(examine(pixels, ANY_VIEW).retake) == ["lesion"]


def test_an_enlarged_thumbnail_is_sent_back_where_its_size_is_known(textured: Textured) -> None:
    pixels = textured()
    reasons = examine(pixels, DEFAULT_LIMITS, source_size_hw=(100, 300)).retake
    assert "300×100 pixels, at least 112×112" in reasons["small"]
    assert ADVICE["small"] in reasons["small"]
    assert "small" not in examine(pixels, DEFAULT_LIMITS, source_size_hw=(112, 112)).retake


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
