"""A picture as the model's pixels, checked, with what its assessment has to know of it."""

import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np

from edge_runtime.contract.preprocess import (
    Pixels,
    Preprocessing,
    image_of_frame,
    read_picture,
    resize,
)
from edge_runtime.contract.quality_limits import QualityLimits
from edge_runtime.dicom import decode_file
from edge_runtime.quality import PictureQuality, examine

Picture = Path | bytes | Pixels


@dataclass(frozen=True, kw_only=True, eq=False)
class PreparedPicture:
    """What is left to do is inference.

    Attributes:
        picture: Where it came from.
        spec: What it was prepared for.
        limits: What it was checked against.
        pixels: uint8 array (H, W, 3), RGB, as ``preprocess`` makes them.
        quality: What the checks found.
        sha256: Hex digest of the file's bytes, or of the pixels of a frame.
        preprocess_ms: Reading, decoding, turning and resizing.
        checks_ms: The checks.
    """

    picture: Picture
    spec: Preprocessing
    limits: QualityLimits
    pixels: Pixels
    quality: PictureQuality
    sha256: str
    preprocess_ms: float
    checks_ms: float


def prepare(picture: Picture, spec: Preprocessing, limits: QualityLimits) -> PreparedPicture:
    """The picture, checked and ready for a model; safe to call in any thread.

    Args:
        picture: Path of a picture, its encoded bytes, or decoded uint8 RGB pixels
            (height, width, 3) of any size.
        spec: What the model expects.
        limits: When a picture is to be taken again.

    Raises:
        InputError: If the picture cannot be used.
        MissingDependencyError: If it is a DICOM file and pydicom is absent.
    """
    began = time.perf_counter()
    encoded = read_picture(picture) if isinstance(picture, Path) else picture
    if isinstance(encoded, bytes):
        rgb, digest = decode_file(encoded, spec), sha256(encoded)
    else:
        rgb = image_of_frame(encoded)
        digest = sha256(np.ascontiguousarray(encoded).data)
    image = resize(rgb, spec)
    pixels = np.asarray(image)
    resized = time.perf_counter()
    quality = examine(pixels, limits, image=image, source_size_hw=(rgb.height, rgb.width))
    return PreparedPicture(
        picture=picture,
        spec=spec,
        limits=limits,
        pixels=pixels,
        quality=quality,
        sha256=digest.hexdigest(),
        preprocess_ms=(resized - began) * 1e3,
        checks_ms=(time.perf_counter() - resized) * 1e3,
    )
