"""The same bytes as plain Pillow from every kind of file, upright, in colour order RGB."""

import os
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from edge_runtime.contract.preprocess import (
    Preprocessing,
    pixels_sha256,
    preprocess,
    preprocess_frame,
)
from edge_runtime.errors import InputError

Pixels = npt.NDArray[np.uint8]
Draw = Callable[..., Pixels]
Save = Callable[..., Path]

OBLONG = Preprocessing(size_hw=(40, 64))
LOSSLESS = {"a.png": {}, "a.bmp": {}, "a.tif": {}, "a.webp": {"lossless": True}}


def plain_pillow(path: Path, spec: Preprocessing) -> Pixels:
    """The recipe that anyone can repeat without this project."""
    height, width = spec.size_hw
    with Image.open(path) as image:
        upright = ImageOps.exif_transpose(image).convert("RGB")
    return np.asarray(upright.resize((width, height), Image.Resampling.BILINEAR))


def stored(upright: Pixels, orientation: int) -> Pixels:
    """How a camera of this EXIF orientation lays the picture down (EXIF 2.32, tag 0x0112)."""
    turned = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: upright[:, ::-1].transpose(1, 0, 2),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: upright[::-1].transpose(1, 0, 2),
    }
    return np.ascontiguousarray(turned[orientation])


def turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def tiff(pixels: Pixels, order: str) -> bytes:
    """An uncompressed 8-bit RGB TIFF of the byte order ``<`` or ``>``, by hand."""
    height, width, _ = pixels.shape
    tags = [
        *((256, 4, 1, width), (257, 4, 1, height), (258, 3, 3, 8 + 2 + 12 * 8 + 4)),
        *((259, 4, 1, 1), (262, 4, 1, 2), (273, 4, 1, 8 + 2 + 12 * 8 + 4 + 6)),
        *((277, 4, 1, 3), (279, 4, 1, pixels.size)),
    ]
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "IH", 8, len(tags))
    entries = b"".join(struct.pack(order + "HHII", *tag) for tag in tags)
    return head + entries + struct.pack(order + "IHHH", 0, 8, 8, 8) + pixels.tobytes()


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.bmp", "a.tif", "a.webp", "A.JPEG"])
def test_every_format_gives_the_pixels_of_plain_pillow(picture: Save, name: str) -> None:
    path = picture(name)
    pixels = preprocess(path, OBLONG)
    assert pixels.dtype == np.uint8
    assert pixels.shape == (40, 64, 3)
    assert pixels.tobytes() == plain_pillow(path, OBLONG).tobytes()


@pytest.mark.parametrize("name", LOSSLESS)
def test_a_file_gives_the_same_pixels_as_its_decoded_frame(
    picture: Save, lesion: Draw, name: str
) -> None:
    path = picture(name, **LOSSLESS[name])
    from_path = preprocess(path, OBLONG)
    assert np.array_equal(from_path, preprocess(path.read_bytes(), OBLONG))
    assert np.array_equal(from_path, preprocess_frame(lesion(), OBLONG))


@given(
    height=st.integers(32, 90),
    width=st.integers(32, 90),
    size_hw=st.tuples(st.integers(32, 90), st.integers(32, 90)),
)
def test_any_size_to_any_size_is_plain_pillow(
    tmp_path_factory: pytest.TempPathFactory,
    lesion: Draw,
    height: int,
    width: int,
    size_hw: tuple[int, int],
) -> None:
    path = tmp_path_factory.getbasetemp() / "sized.bmp"
    Image.fromarray(lesion(height, width)).save(path)
    spec = Preprocessing(size_hw=size_hw)
    assert np.array_equal(preprocess(path, spec), plain_pillow(path, spec))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp"])
def test_every_exif_orientation_gives_the_upright_pixels(
    picture: Save, lesion: Draw, name: str, orientation: int
) -> None:
    image = Image.fromarray(stored(lesion(), orientation))
    path = picture(name, image, exif=turned(orientation), **LOSSLESS[name])
    assert np.array_equal(preprocess(path, OBLONG), preprocess_frame(lesion(), OBLONG))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_jpeg_is_turned_upright(picture: Save, orientation: int) -> None:
    quarters = np.zeros((64, 96, 3), np.uint8)
    quarters[:32, :48], quarters[:32, 48:], quarters[32:, :48] = (230, 0, 0), (0, 230, 0), 128
    path = picture(
        "a.jpg", Image.fromarray(stored(quarters, orientation)), exif=turned(orientation)
    )
    pixels = preprocess(path, Preprocessing(size_hw=(64, 96))).astype(int)
    # Away from the borders of the quarters, where JPEG rings.
    for y, x in ((16, 24), (16, 72), (48, 24), (48, 72)):
        assert np.abs(pixels[y, x] - quarters[y, x]).max() <= 4


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.bmp", "a.tif", "a.webp"])
def test_red_stays_red(picture: Save, name: str) -> None:
    red = Image.new("RGB", (64, 48), (255, 0, 0))
    pixels = preprocess(picture(name, red), OBLONG)
    assert pixels[..., 0].min() >= 250
    assert pixels[..., 1:].max() <= 5


@pytest.mark.parametrize("order", ["<", ">"])
def test_tiff_of_either_byte_order_is_read(lesion: Draw, order: str) -> None:
    pixels = preprocess(tiff(lesion(), order), OBLONG)
    assert np.array_equal(pixels, preprocess_frame(lesion(), OBLONG))


@pytest.mark.parametrize("options", [{}, {"transparency": bytes([255] * 16)}])
def test_an_opaque_palette_picture_equals_its_rgb_twin(
    picture: Save, lesion: Draw, options: dict[str, Any]
) -> None:
    palette = Image.fromarray(lesion()).quantize(16)
    expected = preprocess_frame(np.asarray(palette.convert("RGB")), OBLONG)
    assert np.array_equal(preprocess(picture("a.png", palette, **options), OBLONG), expected)


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp"])
def test_an_opaque_rgba_picture_equals_its_rgb_twin(picture: Save, lesion: Draw, name: str) -> None:
    opaque = Image.fromarray(lesion()).convert("RGBA")
    path = picture(name, opaque, **LOSSLESS[name])
    assert np.array_equal(preprocess(path, OBLONG), preprocess_frame(lesion(), OBLONG))


def test_the_jpeg_of_a_camera_that_adds_a_preview_gives_its_main_picture(
    picture: Save, lesion: Draw
) -> None:
    preview = Image.fromarray(lesion(seed=1))
    path = picture("a.mpo", save_all=True, append_images=[preview])
    assert path.read_bytes().startswith(b"\xff\xd8")
    assert np.array_equal(preprocess(path, OBLONG), plain_pillow(path, OBLONG))


@pytest.mark.skipif(sys.platform == "darwin", reason="file names there are UTF-8")
def test_a_file_name_that_is_not_utf8_is_read(picture: Save, tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"l\xe4sion \xff.jpg")
    picture("a.jpg").rename(odd)
    assert preprocess(odd, OBLONG).shape == (40, 64, 3)


def test_the_content_counts_not_the_suffix(picture: Save) -> None:
    path = picture("a.png")
    renamed = path.rename(path.with_name("picture"))
    assert np.array_equal(preprocess(renamed, OBLONG), plain_pillow(renamed, OBLONG))


def test_a_frame_may_be_a_view_into_other_memory(lesion: Draw) -> None:
    bgr = np.ascontiguousarray(lesion(120, 160)[..., ::-1])
    view = bgr[20:100:2, ::-1, ::-1]
    expected = preprocess_frame(np.ascontiguousarray(view), OBLONG)
    assert np.array_equal(preprocess_frame(view, OBLONG), expected)


@pytest.mark.parametrize(
    "frame",
    [
        np.zeros((64, 64, 3), np.float32),
        np.zeros((64, 64, 4), np.uint8),
        np.zeros((64, 64), np.uint8),
        np.zeros((1, 64, 64, 3), np.uint8),
        np.zeros((31, 64, 3), np.uint8),
        np.zeros((0, 0, 3), np.uint8),
    ],
)
def test_a_frame_of_another_kind_is_refused(frame: npt.NDArray[Any]) -> None:
    with pytest.raises(InputError, match="Received: dtype="):
        preprocess_frame(frame, OBLONG)


def test_the_digest_is_of_the_pixels_not_of_their_memory(lesion: Draw) -> None:
    pixels = lesion()
    changed = pixels.copy()
    changed[3, 5, 1] ^= 1
    assert pixels_sha256(pixels) == pixels_sha256(np.asfortranarray(pixels))
    assert pixels_sha256(pixels) != pixels_sha256(changed)
