"""Pictures without a lesion, made of the corners of others."""

import numpy as np
import pytest

from benchmarks.plain_skin import plain_corners, plain_skin

CORNERS = ("top left", "top right", "bottom left", "bottom right")


def test_every_chosen_corner_is_one_and_named_once() -> None:
    chosen = plain_corners()
    assert sum(map(len, chosen.values())) == 225
    for corners in chosen.values():
        assert set(corners) <= set(CORNERS)
        assert len(set(corners)) == len(corners)


@pytest.mark.parametrize("corner", CORNERS)
def test_the_picture_shows_nothing_but_its_corner_and_has_no_seam(corner: str) -> None:
    rows, columns = np.mgrid[:100, :140]
    pixels = np.stack([rows, columns, 0 * rows], axis=2).astype(np.uint8)
    skin = plain_skin(pixels, corner, np.random.default_rng(0))
    assert (skin.shape, skin.dtype) == (pixels.shape, pixels.dtype)
    vertical, horizontal = corner.split()
    assert (skin[..., 0] < 39).all() if vertical == "top" else (skin[..., 0] >= 61).all()
    assert (skin[..., 1] < 55).all() if horizontal == "left" else (skin[..., 1] >= 85).all()
    for axis in (0, 1):
        assert np.abs(np.diff(skin.astype(int), axis=axis)).max() <= 1
