"""A large JPEG is decoded at a reduced scale, and its pixels hardly differ from the whole one's."""

import io
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from edge_runtime.contract.preprocess import Preprocessing, decode, preprocess

Pixels = npt.NDArray[np.uint8]
Draw = Callable[..., Pixels]
SPEC = Preprocessing(size_hw=(64, 48))


def jpeg(pixels: Pixels, **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=95, **options)
    return file.getvalue()


def whole_scale(encoded: bytes) -> Pixels:
    with Image.open(io.BytesIO(encoded)) as image:
        height, width = SPEC.size_hw
        return np.asarray(image.convert("RGB").resize((width, height), Image.Resampling.BILINEAR))


@pytest.mark.parametrize(
    ("side", "decoded"), [(128, 128), (255, 255), (256, 128), (511, 256), (512, 128), (1024, 128)]
)
def test_the_decoded_scale_leaves_twice_the_model_s_size(
    lesion: Draw, side: int, decoded: int
) -> None:
    assert decode(jpeg(lesion(side, side)), SPEC).size == (decoded, decoded)


def test_the_shorter_side_of_the_picture_counts(lesion: Draw) -> None:
    assert decode(jpeg(lesion(1024, 300)), SPEC).size == (150, 512)


def test_other_formats_are_decoded_whole(lesion: Draw) -> None:
    file = io.BytesIO()
    Image.fromarray(lesion(512, 512)).save(file, "PNG")
    assert decode(file.getvalue(), SPEC).size == (512, 512)


def test_a_picture_that_needs_no_reduction_is_plain_pillow(lesion: Draw) -> None:
    encoded = jpeg(lesion(255, 255))
    assert np.array_equal(preprocess(encoded, SPEC), whole_scale(encoded))


@pytest.mark.parametrize("side", [300, 700, 1400])
def test_reduced_pixels_are_those_of_the_whole_picture_within_a_level_on_average(
    lesion: Draw, side: int
) -> None:
    encoded = jpeg(lesion(side, side))
    difference = np.abs(preprocess(encoded, SPEC).astype(int) - whole_scale(encoded))
    assert difference.mean() < 1
    assert difference.max() <= 12


@pytest.mark.parametrize("orientation", [3, 6])
def test_a_reduced_picture_is_turned_upright(orientation: int) -> None:
    quarters = np.full((800, 400, 3), 128, np.uint8)
    quarters[:400, :200] = (230, 0, 0)
    exif = Image.Exif()
    exif[0x0112] = orientation
    turns = {3: 2, 6: 1}[orientation]  # how it was laid down, in quarter turns to the left
    encoded = jpeg(np.ascontiguousarray(np.rot90(quarters, turns)), exif=exif)
    pixels = preprocess(encoded, SPEC).astype(int)
    assert np.abs(pixels[4:28, 4:20] - (230, 0, 0)).max() < 12
    assert np.abs(pixels[36:, 28:] - 128).max() < 12
