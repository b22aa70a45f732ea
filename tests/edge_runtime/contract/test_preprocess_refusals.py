"""Pictures that a model was not trained on are refused, each with a message that says why."""

import io
import os
import random
import struct
import warnings
import zlib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from edge_runtime.contract.preprocess import MAX_FILE_BYTES, Preprocessing, preprocess
from edge_runtime.errors import ImageDecodeError, InputError

SPEC = Preprocessing(size_hw=(32, 32))
NOISE = Image.frombytes("RGB", (64, 48), random.Random(0).randbytes(64 * 48 * 3))  # noqa: S311
GREY = Image.new("RGB", (64, 48), "grey")
MAGIC = (b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"BM", b"II*\0", b"MM\0*", b"RIFF\0\0\0\0WEBP")


def encoded(image: Image.Image, file_format: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def png(width: int, height: int, *, bits: int = 8, colour_type: int = 2) -> bytes:
    """A PNG by hand, whose data is only as long as a small one needs."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(200_000)))
    return b"\x89PNG\r\n\x1a\n" + chunks + chunk(b"IEND", b"")


def deep_tiff(*, planar: int) -> bytes:
    """A TIFF of 40 × 40 pixels with 16 bits a channel, by hand; ``planar`` 2 is plane by plane."""
    start, plane = 200, 40 * 40 * 2
    strips = (1, start) if planar == 1 else (3, 160)
    tags = [
        *((256, 4, 1, 40), (257, 4, 1, 40), (258, 3, 3, 150), (259, 4, 1, 1), (262, 4, 1, 2)),
        *((273, 4, *strips), (277, 4, 1, 3), (278, 4, 1, 40)),
        *((279, 4, strips[0], 3 * plane if planar == 1 else 180), (284, 4, 1, planar)),
    ]
    head = b"II*\0" + struct.pack("<IH", 8, len(tags))
    head += b"".join(struct.pack("<HHII", *tag) for tag in tags) + bytes(4)
    head = head.ljust(150, b"\0") + struct.pack("<HHH", 16, 16, 16)
    offsets = [start, start + plane, start + 2 * plane, plane, plane, plane]
    head = head.ljust(160, b"\0") + struct.pack("<3I", *offsets[:3])
    head = head.ljust(180, b"\0") + struct.pack("<3I", *offsets[3:])
    return head.ljust(start, b"\0") + bytes(3 * plane)


@cache
def refused_pictures() -> dict[str, tuple[bytes, str]]:
    see_through = NOISE.convert("RGBA")
    see_through.putpixel((5, 5), (0, 0, 0, 254))
    keyed = NOISE.quantize(16)
    two = {"save_all": True, "append_images": [GREY]}
    return {
        "truncated JPEG": (encoded(NOISE, "JPEG")[:-400], "damaged or cut short"),
        "truncated PNG": (encoded(NOISE, "PNG")[:-400], "damaged or cut short"),
        "truncated TIFF": (encoded(NOISE, "TIFF")[:-400], "damaged or cut short"),
        "truncated WebP": (encoded(NOISE, "WEBP")[:-400], "damaged or cut short"),
        "text": (b"this is no picture\n" * 50, "Check that the file is a picture"),
        "nothing": (b"", "Check that the file is a picture"),
        "GIF": (encoded(NOISE, "GIF"), "JPEG, PNG, BMP, TIFF or WebP"),
        "CMYK JPEG": (encoded(NOISE.convert("CMYK"), "JPEG"), "mode='CMYK'"),
        "grey JPEG": (encoded(NOISE.convert("L"), "JPEG"), "mode='L'"),
        "grey PNG with alpha": (encoded(NOISE.convert("LA"), "PNG"), "mode='LA'"),
        "black and white PNG": (encoded(NOISE.convert("1"), "PNG"), "mode='1'"),
        "YCbCr TIFF": (encoded(NOISE.convert("YCbCr"), "TIFF"), "mode='YCbCr'"),
        "float TIFF": (encoded(NOISE.convert("F"), "TIFF"), "mode='F'"),
        "16-bit grey PNG": (png(40, 40, bits=16, colour_type=0), "8-bit RGB"),
        "16-bit grey PNG with alpha": (png(40, 40, bits=16, colour_type=4), "bits=16"),
        "16-bit RGB PNG": (png(40, 40, bits=16), "bits=16"),
        "16-bit RGBA PNG": (png(40, 40, bits=16, colour_type=6), "bits=16"),
        "16-bit RGB TIFF": (deep_tiff(planar=1), "bits=16"),
        "16-bit RGB TIFF, plane by plane": (deep_tiff(planar=2), "bits=16"),
        "1×1 pixel": (encoded(Image.new("RGB", (1, 1)), "PNG"), "Received: 1×1"),
        "one side too short": (encoded(Image.new("RGB", (500, 31)), "PNG"), "Received: 500×31"),
        "100 megapixels": (png(10_000, 10_000), "at most 80000000 pixels. Received: 10000×10000"),
        "decompression bomb": (png(30_000, 30_000), "lower resolution"),
        "animated WebP": (encoded(NOISE, "WEBP", **two), "2 frames"),
        "animated PNG": (encoded(NOISE, "PNG", **two), "2 frames"),
        "TIFF of two pages": (encoded(NOISE, "TIFF", **two), "2 frames"),
        "one see-through pixel": (encoded(see_through, "PNG"), "transparent pixels"),
        "see-through palette entry": (encoded(keyed, "PNG", transparency=3), "transparent pixels"),
        "see-through WebP": (encoded(see_through, "WEBP", lossless=True), "transparent pixels"),
    }


@pytest.mark.parametrize("kind", refused_pictures())
def test_a_picture_of_the_wrong_kind_is_refused_and_said_why(kind: str, tmp_path: Path) -> None:
    content, reason = refused_pictures()[kind]
    path = tmp_path / "lesion.jpg"
    path.write_bytes(content)
    for source in (path, content):
        with pytest.raises(ImageDecodeError) as caught:
            preprocess(source, SPEC)
        assert reason in str(caught.value)
        assert str(caught.value).startswith("expected ")
        assert "Received: " in str(caught.value)


def test_a_picture_of_exactly_the_least_size_is_taken() -> None:
    assert preprocess(encoded(Image.new("RGB", (32, 32)), "PNG"), SPEC).shape == (32, 32, 3)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    for path, kind in (
        (tmp_path, "a folder"),
        (tmp_path / "missing.jpg", "no such file"),
        (tmp_path / "pipe.jpg", "special file"),
        (tmp_path / "loop.jpg", "leads nowhere"),
        (tmp_path / "lesion.jpg" / "deeper.jpg", "no such file"),
        (tmp_path / ("long" * 2000 + ".jpg"), "readable picture file"),
    ):
        with pytest.raises(InputError, match=kind):
            preprocess(path, SPEC)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "lesion.png"
    path.write_bytes(encoded(NOISE, "PNG"))
    path.chmod(0)
    with pytest.raises(InputError, match="Check the path and its permissions"):
        preprocess(path, SPEC)


def test_a_file_too_large_to_be_a_picture_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "lesion.bmp"
    with path.open("wb") as stream:
        stream.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(InputError, match="at most"):
        preprocess(path, SPEC)


@given(st.binary(max_size=500))
def test_random_bytes_are_never_a_picture(content: bytes) -> None:
    with pytest.raises(InputError):
        preprocess(content, SPEC)


@given(st.sampled_from(MAGIC), st.binary(max_size=500))
def test_random_bytes_behind_a_known_beginning_raise_nothing_else(
    magic: bytes, content: bytes
) -> None:
    with pytest.raises(InputError):
        preprocess(magic + content, SPEC)


def damageable(file_format: str) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    options: dict[str, Any] = {} if file_format == "BMP" else {"exif": exif}
    return encoded(NOISE, file_format, **options)


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "BMP", "TIFF", "WEBP"])
@given(
    damage=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=6),
    kept=st.floats(0, 1) | st.just(1.0),
)
def test_a_damaged_picture_gives_pixels_or_an_input_error(
    file_format: str, damage: list[tuple[float, int]], kept: float
) -> None:
    content = bytearray(damageable(file_format))
    for place, value in damage:
        # Cubed, so that most of the damage falls on the header, where decoders branch.
        content[int(place**3 * (len(content) - 1))] = value
    try:
        pixels = preprocess(bytes(content[: int(kept * len(content))]), SPEC)
    except InputError:
        return
    assert pixels.shape == (32, 32, 3)
    assert pixels.dtype == np.uint8


def test_decoding_changes_no_warning_filter(recwarn: pytest.WarningsRecorder) -> None:
    before = list(warnings.filters)
    with pytest.raises(InputError):
        preprocess(deep_tiff(planar=1)[:300], SPEC)
    assert list(warnings.filters) == before
    assert len(recwarn) == 0
