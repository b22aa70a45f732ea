"""Which pictures are sent back before they are scored."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from edge_runtime.quality import MIN_CONTRAST, retake_reasons

Draw = Callable[..., npt.NDArray[np.uint8]]
SIZE = (224, 224, 3)


def striped(contrast: int) -> npt.NDArray[np.uint8]:
    pixels = np.full(SIZE, 100, np.uint8)
    pixels[:112] += np.uint8(contrast)
    return pixels


def test_a_lesion_on_skin_is_scored(lesion: Draw) -> None:
    assert retake_reasons(lesion(224, 224)) == ()


@pytest.mark.parametrize("level", [0, 7, 128, 250])
def test_a_covered_lens_with_sensor_noise_is_sent_back(level: int) -> None:
    noise = np.random.default_rng(0).normal(level, 2, SIZE)
    reasons = retake_reasons(np.clip(noise, 0, 255).astype(np.uint8))
    assert len(reasons) == 1
    assert "check the lens cap, the light and the focus" in reasons[0]


def test_the_least_contrast_is_enough_and_one_level_less_is_not() -> None:
    least = int(MIN_CONTRAST)
    assert retake_reasons(striped(least)) == ()
    assert f"contrast {least - 1} of at least {least}" in retake_reasons(striped(least - 1))[0]


def test_a_few_bright_specks_do_not_make_a_picture() -> None:
    pixels = np.full(SIZE, 100, np.uint8)
    pixels[:4, :64] = 255
    assert retake_reasons(pixels)
