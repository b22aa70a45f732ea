"""A picture as the model's pixels, with what its assessment has to know of the picture itself."""

import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np

from edge_runtime.contract.preprocess import (
    Pixels,
    Preprocessing,
    preprocess_frame,
    read_picture,
)
from edge_runtime.dicom import preprocess_encoded

Picture = Path | bytes | Pixels


@dataclass(frozen=True, kw_only=True, eq=False)
class PreparedPicture:
    """What is left to do is inference.

    Attributes:
        picture: Where it came from.
        spec: What it was prepared for.
        pixels: uint8 array (H, W, 3), RGB, as ``preprocess`` makes them.
        sha256: Hex digest of the file's bytes, or of the pixels of a frame.
        preprocess_ms: Reading, decoding, turning and resizing.
    """

    picture: Picture
    spec: Preprocessing
    pixels: Pixels
    sha256: str
    preprocess_ms: float


def prepare(picture: Picture, spec: Preprocessing) -> PreparedPicture:
    """The picture, ready for a model; safe to call in any thread.

    Args:
        picture: Path of a picture, its encoded bytes, or decoded uint8 RGB pixels
            (height, width, 3) of any size.
        spec: What the model expects.

    Raises:
        InputError: If the picture cannot be used.
        MissingDependencyError: If it is a DICOM file and pydicom is absent.
    """
    began = time.perf_counter()
    encoded = read_picture(picture) if isinstance(picture, Path) else picture
    if isinstance(encoded, bytes):
        pixels, digest = preprocess_encoded(encoded, spec), sha256(encoded)
    else:
        pixels = preprocess_frame(encoded, spec)
        digest = sha256(np.ascontiguousarray(encoded).data)
    return PreparedPicture(
        picture=picture,
        spec=spec,
        pixels=pixels,
        sha256=digest.hexdigest(),
        preprocess_ms=(time.perf_counter() - began) * 1e3,
    )
