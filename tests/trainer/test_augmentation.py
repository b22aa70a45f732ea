"""Views of a picture: what they may change, and that they are the same each time."""

import hashlib
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

pytest.importorskip("keras", reason="needs the train extra")

from trainer.augmentation import (
    SHARP,
    SYMMETRIES,
    AugmentationRanges,
    build_augmenter,
    draw_parameters,
)
from trainer.backend import import_keras

pytestmark = pytest.mark.tensorflow

SIZE = 24
BATCH = 8
EVERYTHING = AugmentationRanges(hair=1.0, vignette=1.0)
NOTHING = AugmentationRanges(
    symmetries=1,
    rotation_deg=0,
    zoom=0,
    shear=0,
    shift=0,
    white_balance=0,
    exposure=0,
    gamma=0,
    saturation=0,
)

Pixels = npt.NDArray[np.float32]
Augmenters = dict[bool, Any]


@pytest.fixture(scope="module")
def augmenters() -> Augmenters:
    """The model with nothing drawn, and with hair and rim."""
    keras = import_keras()
    return {
        drawn: build_augmenter(keras, SIZE, EVERYTHING if drawn else NOTHING)
        for drawn in (False, True)
    }


@pytest.mark.parametrize("view", [1, 2, 3])
def test_symmetries_move_pixels_and_change_none(augmenters: Augmenters, view: int) -> None:
    pixels = noise()
    for before, after in zip(
        pixels, view_of(augmenters, SYMMETRIES, pixels, [view] * BATCH), strict=True
    ):
        moved = [
            np.rot90(mirrored, turns)
            for turns in range(4)
            for mirrored in (before, before[:, ::-1])
        ]
        assert min(np.abs(after - one).max() for one in moved) < 0.01


def content(number: int) -> str:
    return hashlib.sha256(b"%d" % number).hexdigest()


def noise(count: int = BATCH) -> Pixels:
    return np.random.default_rng(0).integers(0, 256, (count, SIZE, SIZE, 3)).astype(np.float32)


def view_of(
    augmenters: Augmenters,
    ranges: AugmentationRanges,
    pixels: Pixels,
    views: list[int],
    *,
    contents: list[str] | None = None,
    seed: int = 0,
    drawn: bool | None = None,
) -> Pixels:
    contents = contents or [content(number) for number in range(len(pixels))]
    parameters = draw_parameters(ranges, contents, views=views, seed=seed, size=SIZE)
    model = augmenters[bool(ranges.hair or ranges.vignette) if drawn is None else drawn]
    return np.asarray(model.predict_on_batch({"pixels": pixels, **parameters}))


@pytest.mark.parametrize("ranges", [AugmentationRanges(), EVERYTHING])
def test_view_0_is_the_picture(augmenters: Augmenters, ranges: AugmentationRanges) -> None:
    pixels = noise()
    pixels[0], pixels[1] = 0, 255
    np.testing.assert_allclose(view_of(augmenters, ranges, pixels, [0] * BATCH), pixels, atol=1e-3)


def test_symmetries_turn_and_mirror_and_all_eight_occur(augmenters: Augmenters) -> None:
    picture = noise(1)[0]
    symmetric = [
        np.rot90(side, turns) for side in (picture, picture[:, ::-1]) for turns in range(4)
    ]
    seen = set()
    for first in range(1, 81, BATCH):
        views = list(range(first, first + BATCH))
        shown = view_of(
            augmenters,
            replace(NOTHING, symmetries=8),
            np.repeat(picture[np.newaxis], BATCH, axis=0),
            views,
            contents=[content(0)] * BATCH,
        )
        for one in shown:
            equal = [np.allclose(one, other, atol=1e-2) for other in symmetric]
            assert equal.count(True) == 1
            seen.add(equal.index(True))
    assert seen == set(range(8))


def test_two_symmetries_are_the_picture_and_its_mirror_image(augmenters: Augmenters) -> None:
    pixels = noise()
    shown = view_of(augmenters, replace(NOTHING, symmetries=2), pixels, list(range(1, BATCH + 1)))
    mirrored = 0
    for one, picture in zip(shown, pixels, strict=True):
        mirrored += (flipped := np.allclose(one, picture[:, ::-1], atol=1e-2))
        assert flipped or np.allclose(one, picture, atol=1e-2)
    assert 0 < mirrored < BATCH


def test_shifts_move_by_whole_pixels_no_further_than_they_may(augmenters: Augmenters) -> None:
    across, down = np.meshgrid(np.arange(SIZE), np.arange(SIZE))
    places = np.stack([across, down, np.zeros_like(across)], axis=-1).astype(np.float32) * 10
    picture = np.repeat(places[np.newaxis], BATCH, axis=0)
    shown = [
        view_of(augmenters, replace(NOTHING, shift=0.25), picture, [view] * BATCH)
        for view in range(1, 6)
    ]
    middle = SIZE // 2
    moved = np.concatenate(shown)[:, middle, middle, :2] / 10 - middle
    np.testing.assert_allclose(moved, np.rint(moved), atol=1e-3)
    assert np.abs(moved).max() == pytest.approx(SIZE * 0.25, abs=1e-3)
    assert len({tuple(row) for row in np.rint(moved)}) > 20


def test_half_of_the_sharp_views_change_in_colour_the_others_only_in_place(
    augmenters: Augmenters,
) -> None:
    picture = np.full((BATCH, SIZE, SIZE, 3), (180, 120, 90), np.float32)
    shown = [view_of(augmenters, SHARP, picture, [view] * BATCH) for view in range(1, 41)]
    distances = np.abs(np.concatenate(shown) - picture[0]).max(axis=(1, 2, 3))
    same = (distances < 0.01).mean()
    assert 0.4 < same < 0.6
    assert 5 < np.median(distances[distances >= 0.01]) < 40


def test_a_view_is_the_same_in_whatever_batch(augmenters: Augmenters) -> None:
    pixels, views = noise(), [1, 2, 3, 0, 5, 1, 1, 9]
    together = view_of(augmenters, EVERYTHING, pixels, views)
    alone = np.concatenate(
        [
            view_of(augmenters, EVERYTHING, pixels[i : i + 1], views[i : i + 1], contents=[name])
            for i, name in enumerate(map(content, range(BATCH)))
        ]
    )
    np.testing.assert_allclose(alone, together, atol=1e-2)
    order = np.random.default_rng(1).permutation(BATCH)
    shuffled = view_of(
        augmenters,
        EVERYTHING,
        pixels[order],
        [views[i] for i in order],
        contents=[content(int(i)) for i in order],
    )
    np.testing.assert_allclose(shuffled, together[order], atol=1e-2)


def test_another_seed_view_or_picture_gives_another_view(augmenters: Augmenters) -> None:
    pixels = np.repeat(noise(1), BATCH, axis=0)
    same = [content(0)] * BATCH
    shown = [
        view_of(augmenters, AugmentationRanges(), pixels, list(range(1, 9)), contents=same),
        view_of(augmenters, AugmentationRanges(), pixels, list(range(1, 9)), contents=same, seed=1),
        view_of(augmenters, AugmentationRanges(), pixels, [1] * BATCH),
    ]
    different = np.concatenate([shown[0], shown[1], shown[2][1:]])
    for number, one in enumerate(different):
        distances = np.abs(different[number + 1 :] - one).mean(axis=(1, 2, 3))
        assert (distances > 1).all()


@settings(max_examples=25)
@given(
    pixels=arrays(np.float32, (2, SIZE, SIZE, 3), elements=st.integers(0, 255)),
    views=st.lists(st.integers(0, 1000), min_size=2, max_size=2),
    seed=st.integers(0, 2**32 - 1),
    ranges=st.sampled_from([AugmentationRanges(), EVERYTHING]),
)
def test_views_are_pixels(
    augmenters: Augmenters,
    pixels: Pixels,
    views: list[int],
    seed: int,
    ranges: AugmentationRanges,
) -> None:
    shown = view_of(augmenters, ranges, pixels, views, seed=seed)
    assert np.isfinite(shown).all()
    assert shown.min() >= 0
    assert shown.max() <= 255


@pytest.mark.parametrize("what", ["hair", "vignette"])
def test_hair_and_vignette_only_darken(augmenters: Augmenters, what: str) -> None:
    pixels, views = noise(), list(range(1, BATCH + 1))
    ranges = replace(AugmentationRanges(), **{what: 1.0})
    drawn = view_of(augmenters, ranges, pixels, views, drawn=True)
    plain = view_of(augmenters, ranges, pixels, views, drawn=False)
    assert (drawn <= plain + 1e-3).all()
    darker = (drawn < plain - 10).mean(axis=(1, 2, 3))
    assert (darker < 0.9).all()
    assert darker.mean() > 0.01


def test_no_share_of_hair_draws_no_hair(augmenters: Augmenters) -> None:
    pixels, views = noise(), list(range(1, BATCH + 1))
    drawn, plain = (
        view_of(augmenters, AugmentationRanges(), pixels, views, drawn=shown)
        for shown in (True, False)
    )
    np.testing.assert_allclose(drawn, plain, atol=1e-3)


def test_colours_keep_the_order_of_greys(augmenters: Augmenters) -> None:
    greys = np.linspace(0, 255, SIZE, dtype=np.float32)
    gradient = np.broadcast_to(greys[:, np.newaxis], (BATCH, SIZE, SIZE, 3))
    colours = replace(NOTHING, white_balance=0.06, exposure=0.2, gamma=0.2, saturation=0.2)
    shown = view_of(augmenters, colours, gradient, list(range(1, BATCH + 1)))
    assert np.abs(shown - gradient).max(axis=(1, 2, 3)).min() > 1
    assert (np.diff(shown, axis=2) >= -1e-3).all()
    assert (np.diff(shown, axis=2).sum(axis=2) > 100).all()
