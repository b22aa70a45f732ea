"""Runs in a process of its own: InceptionV3 cut and pooled, random weights, float32 and int8.

Random weights take the same time as trained ones: the arithmetic is the same. The request is JSON
on stdin, the answer the last line on stdout.
"""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.growth_plan import VARIANTS
from converter.export import StaticModel, export_float32, import_tensorflow
from converter.flatbuffer import read_flatbuffer
from converter.quantize import measure_ranges, quantize_static
from edge_runtime.contract.schema import from_json, to_json
from trainer.model import LOGIT_LAYER, attach_head, build_network

_CALIBRATION = 2


@dataclass(frozen=True, kw_only=True)
class BuildRequest:
    """Which network to build.

    Attributes:
        image_size: Side of the input in pixels.
        cut: Last block kept.
        folder: Where the files go.
    """

    image_size: int
    cut: str
    folder: str

    def path(self, variant: str) -> Path:
        """The file of a variant."""
        return Path(self.folder) / f"{self.cut}_{self.image_size}_{variant}.tflite"


@dataclass(frozen=True, kw_only=True)
class Built:
    """What was built.

    Attributes:
        macs: Multiplications with addition of one inference.
        size_bytes: Of the file, by variant.
    """

    macs: int
    size_bytes: dict[str, int]


def build(request: BuildRequest) -> Built:
    """Write the files; an older one is replaced."""
    float32 = export_float32(_static_model(request))
    rng = np.random.default_rng(0)
    shape = (_CALIBRATION, request.image_size, request.image_size, 3)
    pictures = list(rng.integers(0, 256, shape, dtype=np.uint8))
    ranges = measure_ranges(float32, pictures).joined("min-max")
    made = dict(zip(VARIANTS, (float32, quantize_static(float32, ranges)), strict=True))
    for variant, content in made.items():
        path = request.path(variant)
        partial = path.with_suffix(f".{os.getpid()}.partial")
        partial.write_bytes(content)
        partial.replace(path)
    return Built(
        macs=sum(operator.macs for operator in read_flatbuffer(float32).operators),
        size_bytes={variant: len(content) for variant, content in made.items()},
    )


def _static_model(request: BuildRequest) -> StaticModel:
    keras = import_tensorflow().keras
    keras.utils.set_random_seed(0)
    size = request.image_size
    network = build_network(keras, weights="none", cut=request.cut, image_size=size)
    width = int(network.features.output.shape[-1])
    kernel = np.random.default_rng(0).normal(0, width**-0.5, (width, 1)).astype(np.float32)
    whole = attach_head(keras, network.features, [(kernel, np.zeros(1, np.float32))])
    logit = keras.Model(whole.input, whole.get_layer(LOGIT_LAYER).output)
    fixed = keras.Input(batch_shape=(1, size, size, 3), name="pixels")
    return StaticModel(keras_model=keras.Model(fixed, logit(fixed)), size_hw=(size, size))


def main() -> None:
    """Answer the request on stdin."""
    request = from_json(BuildRequest, json.load(sys.stdin), "request")
    sys.stdout.write(json.dumps(to_json(build(request))) + "\n")


if __name__ == "__main__":
    main()
