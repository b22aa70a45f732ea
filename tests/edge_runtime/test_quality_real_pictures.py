"""The promise of the checks before scoring, on real pictures: rarely wrong, and of use."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from benchmarks.plain_skin import plain_corners, plain_skin
from benchmarks.quality_degrade import Change, changes
from edge_runtime.contract.preprocess import Pixels, Preprocessing, preprocess
from edge_runtime.contract.quality_limits import DEFAULT_LIMITS
from edge_runtime.quality import examine

pytestmark = pytest.mark.real_data

MAX_FALSE_RETAKES, MIN_DETECTION = 0.02, 0.95
# Below what is promised on 150 pictures: within two standard errors of it.
LEAST_SEEN = 0.91
UNFIT = [change for change in changes() if change.unfit]
HARD = {
    ("motion blur", "6% of width"),
    ("motion blur", "9% of width"),
    ("enlarged", "3×"),
}


@cache
def sample(folder: Path, count: int) -> list[Pixels]:
    """Pictures of a seeded choice, 224 pixels a side."""
    paths = sorted(folder.rglob("*.jpg"))
    chosen = np.random.default_rng(7).choice(len(paths), count, replace=False)
    return [preprocess(paths[i], Preprocessing(size_hw=(224, 224))) for i in sorted(chosen)]


def share_sent_back(pictures: list[Pixels]) -> float:
    return sum(bool(examine(p, DEFAULT_LIMITS).retake) for p in pictures) / len(pictures)


def test_at_most_one_real_picture_in_fifty_is_sent_back(real_data: Path) -> None:
    assert share_sent_back(sample(real_data / "lesions", 600)) <= MAX_FALSE_RETAKES


@pytest.mark.parametrize("change", UNFIT, ids=lambda change: f"{change.kind}, {change.strength}")
def test_spoilt_pictures_are_sent_back(real_data: Path, change: Change) -> None:
    rng = np.random.default_rng(3)
    spoilt = [change.apply(pixels, rng) for pixels in sample(real_data / "lesions", 150)]
    hard = (change.kind, change.strength) in HARD
    assert share_sent_back(spoilt) >= (0.7 if hard else LEAST_SEEN)


@pytest.mark.parametrize(
    ("light", "most"),
    [("darker skin, exposed for it", 0.05), ("darker skin, same light", 0.15)],
)
def test_the_darkest_skin_is_not_taken_for_something_else(
    real_data: Path, light: str, most: float
) -> None:
    (change,) = (c for c in changes() if (c.kind, c.strength) == (light, "melanin 2.0"))
    rng = np.random.default_rng(3)
    darker = [change.apply(pixels, rng) for pixels in sample(real_data / "lesions", 150)]
    assert share_sent_back(darker) <= most


@pytest.mark.parametrize("change", [c for c in changes() if c.kind == "dark rim" and not c.unfit])
def test_a_round_field_of_view_is_scored(real_data: Path, change: Change) -> None:
    rng = np.random.default_rng(3)
    rimmed = [change.apply(pixels, rng) for pixels in sample(real_data / "lesions", 150)]
    assert share_sent_back(rimmed) <= 0.1


def test_plain_skin_is_sent_back_for_the_most_part(real_data: Path) -> None:
    rng = np.random.default_rng(3)
    pixels = {
        path.stem: preprocess(path, Preprocessing(size_hw=(224, 224)))
        for path in sorted((real_data / "lesions").rglob("*.jpg"))
        if path.stem in plain_corners()
    }
    skin = [
        plain_skin(pixels[picture], corner, rng)
        for picture, corners in plain_corners().items()
        for corner in corners
    ]
    assert share_sent_back(skin) >= 0.7


@pytest.mark.parametrize("name", ["cat.bmp", "grace_hopper.bmp"])
def test_a_photograph_of_something_else_is_sent_back(real_data: Path, name: str) -> None:
    pixels = preprocess(real_data / "coral" / name, Preprocessing(size_hw=(224, 224)))
    (reason,) = examine(pixels, DEFAULT_LIMITS).retake.values()
    assert "dermatoscope" in reason
