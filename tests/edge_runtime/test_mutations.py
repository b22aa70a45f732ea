"""Damaged files: a clear refusal or a picture, never a crash, never a changed model."""

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from edge_runtime.contract.embed import open_sealed
from edge_runtime.contract.preprocess import Preprocessing, preprocess
from edge_runtime.errors import ContractError, InputError
from edge_runtime.synthetic import draw_lesion

MUTATIONS = int(os.environ.get("MELANOMA_MUTATIONS", "120"))
SPEC = Preprocessing(size_hw=(64, 64))
FORMATS = ("JPEG", "PNG", "BMP", "TIFF", "WEBP")


def mutated(content: bytes, seed: int) -> bytes:
    """The bytes cut short, with flipped bits, with another header, or with a part doubled."""
    rng = np.random.default_rng(seed)
    data = bytearray(content)
    kind = seed % 5
    if kind == 0:
        del data[int(rng.integers(len(data))) :]
    elif kind == 1:
        for place in rng.integers(len(data), size=int(rng.integers(1, 9))):
            data[place] ^= 1 << int(rng.integers(8))
    elif kind == 2:
        head = int(rng.integers(1, 64))
        data[:head] = rng.bytes(head)
    elif kind == 3:
        # Sizes stand near the start: large ones make bombs.
        place = int(rng.integers(4, min(60, len(data) - 8)))
        data[place : place + 4] = b"\xff\xff\xff\x7f"
    else:
        start = int(rng.integers(len(data)))
        data[start:start] = data[start : start + int(rng.integers(1, 400))]
    return bytes(data)


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_damaged_picture_is_decoded_or_refused(file_format: str) -> None:
    encoded = io.BytesIO()
    Image.fromarray(draw_lesion("malignant", 3, (96, 96))).save(encoded, file_format)
    messages = []
    for seed in range(MUTATIONS):
        try:
            pixels = preprocess(mutated(encoded.getvalue(), seed), SPEC)
        except InputError as error:
            messages.append(str(error))
        else:
            assert pixels.shape == (64, 64, 3)
            assert pixels.dtype == np.uint8
    assert len(messages) > MUTATIONS // 5
    assert all("Received" in message for message in messages)


def test_a_changed_model_is_never_accepted(
    sealed_model: Callable[..., Any], tmp_path: Path
) -> None:
    content = sealed_model("int8").path.read_bytes()
    target = tmp_path / "changed.tflite"
    for seed in range(MUTATIONS):
        changed = mutated(content, seed)
        if changed == content:
            continue
        target.write_bytes(changed)
        with pytest.raises(ContractError):
            open_sealed(target)
