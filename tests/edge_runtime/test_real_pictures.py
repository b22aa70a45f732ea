"""On real dermatoscopic pictures: plain Pillow's pixels, and none is sent back as unfit."""

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edge_runtime.contract.preprocess import Preprocessing, preprocess
from edge_runtime.contract.quality_limits import CONTRAST_ONLY
from edge_runtime.quality import examine

pytestmark = pytest.mark.real_data


def every(folder: Path, count: int) -> list[Path]:
    """About ``count`` pictures, spread evenly over the folder."""
    paths = sorted(folder.rglob("*.jpg"))
    return paths[:: max(1, len(paths) // count)]


def real_pictures(folder: Path) -> Iterator[Path]:
    for part in ("lesions", "other_cancer"):
        yield from sorted((folder / part).rglob("*.jpg"))


@pytest.mark.parametrize("size_hw", [(224, 224), (299, 299), (180, 240)])
def test_preprocessing_is_plain_pillow_byte_for_byte(
    real_data: Path, size_hw: tuple[int, int]
) -> None:
    height, width = size_hw
    paths = every(real_data / "lesions", 200)
    assert len(paths) >= 200
    for path in paths:
        with Image.open(path) as image:
            resized = image.convert("RGB").resize((width, height), Image.Resampling.BILINEAR)
        pixels = preprocess(path, Preprocessing(size_hw=size_hw))
        assert pixels.tobytes() == resized.tobytes(), path.name


def test_no_real_picture_is_sent_back(real_data: Path) -> None:
    spec = Preprocessing(size_hw=(224, 224))
    paths = list(real_pictures(real_data))
    sent_back = [
        path.name for path in paths if examine(preprocess(path, spec), CONTRAST_ONLY).retake
    ]
    assert len(paths) == 5_984
    assert sent_back == []


def test_the_real_pictures_are_those_of_their_table(real_data: Path) -> None:
    with (real_data / "lesions" / "metadata.csv").open(newline="") as stream:
        listed = {row["file"] for row in csv.DictReader(stream)}
    found = {
        path.relative_to(real_data / "lesions").as_posix()
        for path in (real_data / "lesions").rglob("*.jpg")
    }
    assert found == {name.removeprefix("lesions/") for name in listed}


def test_a_photograph_that_is_no_lesion_is_read_too(real_data: Path) -> None:
    pixels = preprocess(real_data / "coral" / "grace_hopper.bmp", Preprocessing(size_hw=(224, 224)))
    assert examine(pixels, CONTRAST_ONLY).retake == {}
    assert np.ptp(pixels) > 200
