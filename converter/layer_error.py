"""How far each layer of a quantised file lies from the same layer of its float file."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from converter.errors import ConversionError
from converter.flatbuffer import read_flatbuffer
from converter.tensor_reader import TensorReader
from edge_runtime.console import progress
from edge_runtime.contract.preprocess import Pixels

_SILENT_DB = 200.0  # a layer without any error


@dataclass(frozen=True, kw_only=True)
class LayerError:
    """One layer of both files.

    Attributes:
        place: In the order of execution of the quantised file.
        name: The end of its name that tells it apart.
        operator: What computes it.
        snr_db: Power of the float output over that of the error, in decibel.
        mean_error: Mean |error| of an activation.
    """

    place: int
    name: str
    operator: str
    snr_db: float
    mean_error: float


def measure_layer_errors(
    reference: Path, quantised: Path, pictures: Sequence[Pixels]
) -> list[LayerError]:
    """The error of every layer that both files have under one name.

    Args:
        reference: The float32 file.
        quantised: A variant of the same model.
        pictures: uint8 pixels (H, W, 3).

    Raises:
        ConversionError: If they share no layer.
    """
    readers = TensorReader(reference), TensorReader(quantised)
    shared = [layer for layer in _layers(quantised) if layer[1] in readers[0].tensors]
    shared = [layer for layer in shared if layer[1] in readers[1].tensors]
    if not shared or not pictures:
        raise ConversionError(
            f"expected two files of one model, and pictures. Received: {len(shared)} layers of "
            f"the same name, {len(pictures)} pictures"
        )
    sums = np.zeros((len(shared), 4))
    for pixels in progress(pictures, len(pictures), "layers compared, pictures"):
        for reader in readers:
            reader.run(pixels)
        for row, (_, name, _) in enumerate(shared):
            signal, other = (reader.read(name) for reader in readers)
            error = other - signal
            sums[row] += ((signal**2).sum(), (error**2).sum(), np.abs(error).sum(), error.size)
    return [
        LayerError(
            place=place,
            name="/".join(name.split(";")[0].split("/")[-2:]),
            operator=operator,
            snr_db=_decibel(signal, noise),
            mean_error=float(absolute / count),
        )
        for (place, name, operator), (signal, noise, absolute, count) in zip(
            shared, sums.tolist(), strict=True
        )
    ]


def _layers(path: Path) -> list[tuple[int, str, str]]:
    operators: Any = read_flatbuffer(path.read_bytes()).operators
    return [
        (operator.index, operator.outputs[0].name, operator.name)
        for operator in operators
        if operator.outputs and operator.name not in ("QUANTIZE", "DEQUANTIZE")
    ]


def _decibel(signal: float, noise: float) -> float:
    if noise == 0 or signal == 0:
        return _SILENT_DB if noise == 0 else -_SILENT_DB
    return 10 * math.log10(signal / noise)
