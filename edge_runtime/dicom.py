"""Pictures in DICOM files, as hospital archives and some data sets keep them, to RGB pixels."""

import importlib
import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from edge_runtime.contract.preprocess import (
    MAX_PIXELS,
    PICTURE_SUFFIXES,
    Pixels,
    Preprocessing,
    decode,
    image_of_frame,
    read_picture,
)
from edge_runtime.errors import ImageDecodeError, InputError, MissingDependencyError

FILE_SUFFIXES = PICTURE_SUFFIXES | {".dcm", ".dicom"}

# DICOM PS3.10, 7.1: 128 bytes that may hold anything, then these four.
_PREAMBLE, _PREFIX = 128, b"DICM"
# Nothing else is read: a DICOM file names the patient.
_REQUIRED = (
    *("PixelData", "PhotometricInterpretation", "SamplesPerPixel", "Rows", "Columns"),
    *("BitsAllocated", "BitsStored"),
)
_TAGS = (*_REQUIRED, "NumberOfFrames", "PlanarConfiguration", "HighBit", "PixelRepresentation")
# YBR_ICT and YBR_RCT are JPEG 2000's, which come out of the decoder as RGB.
_COLOURS = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
_JPEG = ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51")  # baseline, extended


def is_dicom(encoded: bytes) -> bool:
    """Whether these are the bytes of a DICOM file."""
    return encoded[_PREAMBLE : _PREAMBLE + len(_PREFIX)] == _PREFIX


def decode_file(encoded: bytes, spec: Preprocessing) -> Image.Image:
    """One encoded picture, in a DICOM file or not.

    Args:
        encoded: Bytes of a file.
        spec: What the model expects.

    Returns:
        The picture, RGB and upright, for ``resize``.

    Raises:
        ImageDecodeError: If it is not a whole, 8-bit colour picture of a usable size.
        MissingDependencyError: If it is a DICOM file and pydicom is absent.
    """
    if is_dicom(encoded):
        return image_of_frame(dicom_pixels(encoded))
    return decode(encoded, spec)


def dicom_pixels(source: Path | bytes) -> Pixels:
    """The pixels of the one picture in a DICOM file; nothing about the patient is read.

    Args:
        source: Path of a DICOM file, or its bytes.

    Returns:
        uint8 array (height, width, 3), RGB, 0 … 255. Those of a JPEG in it are what Pillow makes
        of the same JPEG in a file.

    Raises:
        InputError: If the file cannot be read.
        ImageDecodeError: If it holds no single, whole, 8-bit colour picture (``RGB``, ``YBR_FULL``,
            ``YBR_FULL_422``, or JPEG 2000), or its compression cannot be decoded here.
        MissingDependencyError: If pydicom is absent.
    """
    pydicom = _import_pydicom()
    encoded = read_picture(source) if isinstance(source, Path) else source
    if not is_dicom(encoded):
        raise ImageDecodeError(
            "expected a DICOM file. Received: bytes that are none. Export it again."
        )
    with warnings.catch_warnings():
        # What it remarks on odd files is either refused here or of no consequence.
        warnings.filterwarnings("ignore", module="pydicom")
        dataset = _read(pydicom, encoded)
        _refuse_unusable(dataset)
        try:
            return _decode(pydicom, dataset)
        except InputError:
            raise
        except Exception as error:  # the decoders raise nearly anything
            syntax = dataset.file_meta.TransferSyntaxUID
            raise ImageDecodeError(
                "expected a whole DICOM picture in a compression that is known here. Received: "
                f"TransferSyntaxUID={syntax.name!r}, {type(error).__name__}. Export it as JPEG or "
                "uncompressed, or add decoders: pip install pylibjpeg pylibjpeg-libjpeg"
            ) from error


def _read(pydicom: Any, encoded: bytes) -> Any:
    try:
        dataset = pydicom.dcmread(io.BytesIO(encoded), specific_tags=list(_TAGS))
        absent = [tag for tag in _REQUIRED if dataset.get(tag) is None]
    except Exception as error:  # damaged files make it raise nearly anything
        raise ImageDecodeError(
            f"expected a whole DICOM file. Received: a damaged one, {type(error).__name__}. "
            "Export it again."
        ) from error
    if absent:
        raise ImageDecodeError(
            f"expected a DICOM file with a picture. Received: none, without {', '.join(absent)}. "
            "Export the picture itself."
        )
    return dataset


def _refuse_unusable(dataset: Any) -> None:
    colour, bits = dataset.PhotometricInterpretation, (dataset.BitsStored, dataset.BitsAllocated)
    frames = int(dataset.get("NumberOfFrames") or 1)
    if frames != 1:
        raise ImageDecodeError(
            f"expected a DICOM file with one picture. Received: NumberOfFrames={frames}. "
            "Export the frame you mean on its own."
        )
    if colour not in _COLOURS or bits != (8, 8):
        raise ImageDecodeError(
            "expected an 8-bit RGB colour picture. Received: "
            f"PhotometricInterpretation={colour}, BitsStored={bits[0]}. Export it as 8-bit RGB "
            "(greyscale, palettes and 16-bit pictures are refused)."
        )
    if dataset.Rows * dataset.Columns > MAX_PIXELS:
        raise ImageDecodeError(
            f"expected at most {MAX_PIXELS} pixels. Received: {dataset.Columns}×{dataset.Rows}. "
            "Export the picture at a lower resolution."
        )


def _decode(pydicom: Any, dataset: Any) -> Pixels:
    plugin = ""
    if dataset.file_meta.TransferSyntaxUID in _JPEG:
        plugin = "pillow"  # whose pixels the model was trained on, whatever else is installed
        jpeg = pydicom.encaps.get_frame(dataset.PixelData, 0, number_of_frames=1)
        with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as image:
            if image.size != (dataset.Columns, dataset.Rows):
                raise ImageDecodeError(
                    f"expected {dataset.Columns}×{dataset.Rows} pixels, as the DICOM file says. "
                    f"Received: a JPEG of {image.size[0]}×{image.size[1]}. Export it again."
                )
            if "adobe_transform" in image.info:
                # Pillow follows this mark of the JPEG; pydicom 3.0 then converts a second time,
                # and red becomes green.
                return np.asarray(image.convert("RGB"))
    pixels: Pixels = pydicom.pixels.pixel_array(dataset, decoding_plugin=plugin)
    return pixels


def _import_pydicom() -> Any:
    try:
        pydicom = importlib.import_module("pydicom")
        for part in ("encaps", "pixels"):
            importlib.import_module(f"pydicom.{part}")
    except ImportError as error:
        raise MissingDependencyError(
            "expected pydicom for a DICOM file. Received: no pydicom package of version 3. "
            'Install it with: pip install "melanoma-edge[dicom]"'
        ) from error
    return pydicom
