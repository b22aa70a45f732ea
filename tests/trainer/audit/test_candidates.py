"""The search by tables against the comparison of each with each."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.contract.preprocess import preprocess_frame
from edge_runtime.synthetic import draw_lesion
from trainer.audit import candidates
from trainer.audit.candidates import find_candidates
from trainer.audit.confirm import compare_pixels
from trainer.audit.fingerprint import (
    SYMMETRIES,
    THUMBNAIL,
    fingerprint,
    turned_fingerprints,
    turned_pixels,
)


def thumbnail(seed: int) -> npt.NDArray[np.uint8]:
    return preprocess_frame(draw_lesion("benign", seed, (128, 128)), THUMBNAIL)


@pytest.mark.parametrize("symmetry", range(len(SYMMETRIES)))
def test_a_fingerprint_turns_as_its_picture_does(symmetry: int) -> None:
    pixels = thumbnail(3)
    turned = turned_fingerprints(fingerprint(pixels)[None], symmetry)[0]
    expected = fingerprint(turned_pixels(pixels, symmetry))
    assert np.abs(turned.astype(int) - expected).max() <= 1


@pytest.mark.parametrize("symmetry", range(len(SYMMETRIES)))
def test_the_symmetry_lays_the_second_upon_the_first(symmetry: int) -> None:
    pixels = thumbnail(4)
    pair = [pixels, turned_pixels(pixels, symmetry)]
    rows, cosines = find_candidates(np.stack([fingerprint(p) for p in pair]))
    assert cosines[0] > 0.999
    first, second, turn = rows[0]
    assert (first, second) == (0, 1)
    assert compare_pixels(pair[0], turned_pixels(pair[1], int(turn))).correlation > 0.99


@given(st.integers(0, 2**32 - 1), st.integers(2, 60))
def test_nearly_equal_rows_are_found_once_and_no_others(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.normal(0, 30, (count, 63)).clip(-127, 127).astype(np.int8)
    near = (rows + rng.normal(0, 0.5, rows.shape)).clip(-127, 127).astype(np.int8)
    pairs, _ = find_candidates(np.concatenate([rows, near, np.zeros((3, 63), np.int8)]))
    assert sorted(map(tuple, pairs.tolist())) == [(i, i + count, 0) for i in range(count)]


def test_small_blocks_give_the_same_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.repeat(np.random.default_rng(1).normal(0, 30, (9, 63)).astype(np.int8), 4, axis=0)
    expected = find_candidates(rows)
    monkeypatch.setattr(candidates, "_BLOCK", 5)
    for got, wanted in zip(find_candidates(rows), expected, strict=True):
        np.testing.assert_array_equal(got, wanted)
    assert len(expected[0]) == 9 * 6


def test_few_or_no_pictures() -> None:
    for count in (0, 1):
        assert find_candidates(np.ones((count, 63), np.int8))[0].shape == (0, 3)
