"""From picture file to model pixels, the same bytes in training, calibration and on the device.

Decode with Pillow, turn by the EXIF orientation, RGB, resize with Pillow's bilinear filter. A JPEG
of several times the size is decoded at a half, a quarter or an eighth of its scale.
"""

import hashlib
import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from edge_runtime.errors import CardSchemaError, ImageDecodeError, InputError

PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})
MIN_SIDE = 32
MAX_PIXELS = 80_000_000
MAX_FILE_BYTES = 512 * 1024 * 1024

# MPO, the JPEG of cameras that add a preview, comes with JPEG; Pillow knows no opener of that name.
_FORMATS = ("JPEG", "PNG", "BMP", "TIFF", "WEBP")
# Modes that hold 8-bit colour; all others would have to be guessed into RGB.
_COLOUR_MODES = ("RGB", "RGBA", "RGBX", "P", "PA")
_TIFF_BITS_PER_SAMPLE = 258
_DECODED_SIDES = 2  # times the model's: what is left to shrink hides which scale was decoded

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """How a picture becomes the model's input.

    Attributes:
        size_hw: Height and width of the input in pixels.
        resample: Filter of the resize, ``bilinear`` (Pillow's, which averages when it shrinks).
        fit: ``squeeze``: the whole picture, whatever its shape, fills the input.
        colour: ``RGB``.
    """

    size_hw: tuple[int, int]
    resample: str = "bilinear"
    fit: str = "squeeze"
    colour: str = "RGB"

    def __post_init__(self) -> None:
        if not all(MIN_SIDE <= side <= 4096 for side in self.size_hw):
            raise CardSchemaError(
                f"input sides must lie in [{MIN_SIDE}, 4096]. Received: size_hw={self.size_hw}"
            )
        if (self.resample, self.fit, self.colour) != ("bilinear", "squeeze", "RGB"):
            raise CardSchemaError(
                "this release knows resample=bilinear, fit=squeeze, colour=RGB. Received: "
                f"resample={self.resample!r}, fit={self.fit!r}, colour={self.colour!r}"
            )


def preprocess(source: Path | bytes, spec: Preprocessing) -> Pixels:
    """The model's pixels of one encoded picture.

    Args:
        source: Path of a JPEG, PNG, BMP, TIFF or WebP file, or its bytes.
        spec: What the model expects.

    Returns:
        uint8 array (H, W, 3), RGB, 0 … 255.

    Raises:
        InputError: If the file cannot be read.
        ImageDecodeError: If it is not a whole, 8-bit colour picture of a usable size.
    """
    encoded = read_picture(source) if isinstance(source, Path) else source
    return np.asarray(resize(decode(encoded, spec), spec))


def decode(encoded: bytes, spec: Preprocessing) -> Image.Image:
    """The first step of :func:`preprocess`, which names the errors.

    Returns:
        The picture, RGB and upright: of a JPEG the smallest of its scales 1/8, 1/4, 1/2 and 1 that
        is still twice as large as the model's input, or scale 1 if none is.
    """
    with _decode_errors_named(), Image.open(io.BytesIO(encoded), formats=_FORMATS) as image:
        _refuse_unusable(image)
        # Either way up. Pillow takes a scale that leaves no less; formats but JPEG ignore it.
        side = _DECODED_SIDES * max(spec.size_hw)
        image.draft("RGB", (side, side))
        return _upright_rgb(image)


def resize(rgb: Image.Image, spec: Preprocessing) -> Image.Image:
    """The last step of :func:`preprocess`: an upright RGB image, as large as the model's input."""
    height, width = spec.size_hw
    return rgb.resize((width, height), Image.Resampling.BILINEAR)


def preprocess_frame(frame: Pixels, spec: Preprocessing) -> Pixels:
    """The model's pixels of one decoded frame.

    Args:
        frame: uint8 array (height, width, 3), RGB, upright.
        spec: What the model expects.

    Returns:
        uint8 array (H, W, 3), RGB, 0 … 255.

    Raises:
        InputError: If the array is of another type or shape.
    """
    return np.asarray(resize(image_of_frame(frame), spec))


def image_of_frame(frame: Pixels) -> Image.Image:
    """The first step of :func:`preprocess_frame`, which names the errors."""
    if not isinstance(frame, np.ndarray):
        raise InputError(
            "expected a pathlib.Path, the bytes of a picture file, or uint8 RGB pixels. "
            f"Received: {type(frame).__name__}. Wrap a file's name in Path(…)."
        )
    usable = frame.dtype == np.uint8 and frame.ndim == 3 and frame.shape[-1] == 3
    if not usable or min(frame.shape[:2]) < MIN_SIDE:
        raise InputError(
            f"expected uint8 RGB pixels (height, width, 3), sides at least {MIN_SIDE}. "
            f"Received: dtype={frame.dtype}, shape={frame.shape}"
        )
    return Image.fromarray(frame)


def read_picture(path: Path) -> bytes:
    """The bytes of a picture file.

    Raises:
        InputError: If the path is no readable, regular file of a sensible size.
    """
    try:
        if not path.is_file():
            raise InputError(f"expected a picture file. Received: {_kind_of(path)}")
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise InputError(
                f"expected a picture file of at most {MAX_FILE_BYTES} bytes. Received: {size} bytes"
            )
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            f"expected a readable picture file. Received: {error.strerror or error}. "
            "Check the path and its permissions."
        ) from error


def _kind_of(path: Path) -> str:
    if path.is_dir():
        return "a folder"
    if path.exists():
        return "a special file"
    return "a link that leads nowhere" if path.is_symlink() else "nothing, there is no such file"


def pixels_sha256(pixels: Pixels) -> str:
    """Hex digest of the pixels, row by row."""
    return hashlib.sha256(np.ascontiguousarray(pixels).data).hexdigest()


@contextmanager
def _decode_errors_named() -> Iterator[None]:
    try:
        with warnings.catch_warnings():
            # What Pillow remarks on odd files is either refused here or of no consequence. Only
            # its own remarks are hidden: threads that decode at once may leave the filter behind.
            warnings.filterwarnings("ignore", module=r"PIL\.")
            yield
    except UnidentifiedImageError as error:
        raise ImageDecodeError(
            "expected a JPEG, PNG, BMP, TIFF or WebP picture. "
            "Received: bytes that are none of these. Check that the file is a picture."
        ) from error
    except Image.DecompressionBombError as error:
        raise ImageDecodeError(
            f"expected at most {MAX_PIXELS} pixels. Received: {error} "
            "Send the picture at a lower resolution."
        ) from error
    except InputError:
        raise
    except Exception as error:  # Pillow's decoders raise nearly anything on damaged files
        raise ImageDecodeError(
            f"expected a whole picture. Received: {error or type(error).__name__}. "
            "The file is damaged or cut short: copy it again."
        ) from error


def _refuse_unusable(image: ImageFile.ImageFile) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise ImageDecodeError(
            f"expected at most {MAX_PIXELS} pixels. Received: {width}×{height}. "
            "Send the picture at a lower resolution."
        )
    if min(width, height) < MIN_SIDE:
        raise ImageDecodeError(
            f"expected sides of at least {MIN_SIDE} pixels. Received: {width}×{height}. "
            "Send the original picture, not a thumbnail."
        )
    bits = 16 if _has_16_bits(image) else 8
    if image.mode not in _COLOUR_MODES or bits == 16:
        raise ImageDecodeError(
            f"expected an 8-bit RGB colour picture. Received: mode={image.mode!r}, bits={bits}. "
            "Save it as 8-bit RGB (CMYK, greyscale and 16-bit pictures are refused)."
        )
    frames = getattr(image, "n_frames", 1)
    if image.format != "MPO" and frames > 1:
        raise ImageDecodeError(
            f"expected one picture. Received: a file with {frames} frames. "
            "Save the frame you mean on its own."
        )


def _has_16_bits(image: ImageFile.ImageFile) -> bool:
    """Whether a channel holds more than 8 bits, which Pillow would cut off without a word."""
    tiff_bits = getattr(image, "tag_v2", {}).get(_TIFF_BITS_PER_SAMPLE, (8,))
    return max(tiff_bits) > 8 or any(";16" in str(tile[3]) for tile in image.tile)


def _upright_rgb(image: Image.Image) -> Image.Image:
    """The picture itself if it is RGB and upright: copies cost a quarter of decoding."""
    ImageOps.exif_transpose(image, in_place=True)
    if image.has_transparency_data:
        alpha_low, _ = image.convert("RGBA").getchannel("A").getextrema()
        if alpha_low != 255:
            raise ImageDecodeError(
                "expected an opaque picture. Received: transparent pixels. "
                "Save it without transparency."
            )
    return image if image.mode == "RGB" else image.convert("RGB")
