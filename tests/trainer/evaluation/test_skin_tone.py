"""Skin tone: known colours, and the same skin with tube, hair and lesion over it."""

import math

import numpy as np
import pytest

from edge_runtime.synthetic import draw_lesion
from trainer.evaluation.skin_tone import (
    category_of,
    estimate_skin_tone,
    individual_typology_angle,
    lab_from_srgb,
)

SKIN = (214, 170, 140)
SIDE = 224
Y, X = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]


def skin(colour=SKIN):
    noise = np.random.default_rng(1).normal(0, 2, (SIDE, SIDE, 3))
    return np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        ((255, 255, 255), (100.0, 0.0, 0.0)),
        ((0, 0, 0), (0.0, 0.0, 0.0)),
        ((255, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 0, 255), (32.30, 79.19, -107.86)),
    ],
)
def test_known_colours(rgb, lab):
    assert lab_from_srgb(np.array(rgb, np.uint8)) == pytest.approx(lab, abs=0.02)


def test_the_angle():
    assert individual_typology_angle(70.0, 20.0) == pytest.approx(45.0)
    assert individual_typology_angle(40.0, 10.0) == pytest.approx(-45.0)


@pytest.mark.parametrize(
    ("ita", "category"),
    [(55.1, "very light"), (55.0, "light"), (41.0, "intermediate"), (28.0, "tan"),
     (10.0, "brown"), (-30.0, "dark"), (-89.0, "dark")],
)  # fmt: skip
def test_categories(ita, category):
    assert category_of(ita) == category


def test_plain_skin():
    lightness, _, b = lab_from_srgb(np.array(SKIN, np.uint8))
    tone = estimate_skin_tone(skin())
    expected = math.degrees(math.atan((lightness - 50) / b))
    assert tone.ita_degrees == pytest.approx(expected, abs=1.0)
    assert tone.category == category_of(expected)
    assert tone.skin_share > 0.9


def with_tube(pixels):
    pixels[np.hypot(X, Y) > 1.1] = 6


def with_hair(pixels):
    for column in range(4, SIDE, 24):
        pixels[:, column : column + 3] = 60


def with_lesion(pixels):
    pixels[np.hypot(X - 0.5, Y) < 0.7] = (90, 60, 45)


@pytest.mark.parametrize("cover", [with_tube, with_hair, with_lesion])
def test_what_is_not_skin_does_not_count(cover):
    plain, covered = skin(), skin()
    cover(covered)
    without, tone = estimate_skin_tone(plain), estimate_skin_tone(covered)
    assert tone.ita_degrees == pytest.approx(without.ita_degrees, abs=1.5)
    assert tone.skin_share < without.skin_share


def test_dark_skin_is_not_taken_for_a_lesion():
    assert estimate_skin_tone(skin((95, 62, 45))).category in ("brown", "dark")


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (150, 150, 200)])
def test_no_skin_no_estimate(colour):
    assert estimate_skin_tone(np.full((60, 90, 3), colour, np.uint8)) is None


def test_a_drawn_lesion_has_a_tone():
    tone = estimate_skin_tone(draw_lesion("malignant", 3))
    assert tone is not None
    assert -90 < tone.ita_degrees < 90
