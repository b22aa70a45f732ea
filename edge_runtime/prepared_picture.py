"""A picture as the model's pixels, with what its assessment has to know of the picture itself."""

import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from PIL import Image

from edge_runtime.contract.preprocess import (
    Pixels,
    Preprocessing,
    image_of_frame,
    read_picture,
    resize,
)
from edge_runtime.dicom import decode_file

Picture = Path | bytes | Pixels


@dataclass(frozen=True, kw_only=True, eq=False)
class PreparedPicture:
    """What is left to do is inference.

    Attributes:
        picture: Where it came from.
        spec: What it was prepared for.
        pixels: uint8 array (H, W, 3), RGB, as ``preprocess`` makes them.
        image: The same as an image of Pillow's.
        source_size_hw: Height and width before it was resized.
        sha256: Hex digest of the file's bytes, or of the pixels of a frame.
        preprocess_ms: Reading, decoding, turning and resizing.
    """

    picture: Picture
    spec: Preprocessing
    pixels: Pixels
    image: Image.Image
    source_size_hw: tuple[int, int]
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
        rgb, digest = decode_file(encoded, spec), sha256(encoded)
    else:
        rgb = image_of_frame(encoded)
        digest = sha256(np.ascontiguousarray(encoded).data)
    image = resize(rgb, spec)
    return PreparedPicture(
        picture=picture,
        spec=spec,
        pixels=np.asarray(image),
        image=image,
        source_size_hw=(rgb.height, rgb.width),
        sha256=digest.hexdigest(),
        preprocess_ms=(time.perf_counter() - began) * 1e3,
    )
