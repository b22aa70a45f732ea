"""Runs a file and lets every tensor inside be read, at the cost of memory and speed."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.contract.preprocess import Pixels
from edge_runtime.contract.quantization import TensorSpec, quantize
from edge_runtime.native_output import native_output_hidden


class TensorReader:
    """A loaded file whose activations can be read after a run."""

    def __init__(self, path: Path) -> None:
        """Load a ``.tflite`` file with the built-in kernels, which leave every tensor in place."""
        import warnings

        from ai_edge_quantizer.utils import tfl_interpreter_utils

        with native_output_hidden(), warnings.catch_warnings():
            # On the memory that kept tensors take.
            warnings.simplefilter("ignore", UserWarning)
            self._interpreter = tfl_interpreter_utils.create_tfl_interpreter(
                str(path), use_xnnpack=False, num_threads=2, preserve_all_tensors=True
            )
            self._interpreter.allocate_tensors()
        self._details = {item["name"]: item for item in self._interpreter.get_tensor_details()}
        self._input = self._interpreter.get_input_details()[0]

    @property
    def tensors(self) -> frozenset[str]:
        """Names of the tensors."""
        return frozenset(self._details)

    def run(self, pixels: Pixels) -> None:
        """Run the model on uint8 pixels (H, W, 3)."""
        scale, zero_point = self._input["quantization"]
        spec = TensorSpec(
            dtype=np.dtype(self._input["dtype"]).name,
            shape=tuple(int(side) for side in self._input["shape"]),
            scale=float(scale),
            zero_point=int(zero_point),
        )
        self._interpreter.set_tensor(self._input["index"], quantize(pixels[None], spec))
        self._interpreter.invoke()

    def read(self, name: str) -> npt.NDArray[np.float64]:
        """The real values of a tensor after the last run, integers turned back."""
        details: dict[str, Any] = self._details[name]
        raw = self._interpreter.get_tensor(details["index"])
        values: npt.NDArray[np.float64] = np.asarray(raw, dtype=np.float64)
        scale, zero_point = details["quantization"]
        return (values - zero_point) * scale if scale else values
