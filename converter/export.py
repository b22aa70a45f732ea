"""From a Keras model to a float32 flatbuffer: the one place that calls the TFLite converter."""

import contextlib
import os
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from converter.errors import ConversionError, UnsupportedOperatorError
from edge_runtime.errors import MissingDependencyError
from edge_runtime.native_output import native_output_hidden

LOGIT_LAYER = "logit"
_UNSUPPORTED = re.compile(r"'(tf\.\w+)' op is neither a custom op nor a flex op")


@dataclass(frozen=True, kw_only=True)
class StaticModel:
    """A Keras model rebuilt for the device: batch 1, pixels 0 … 255 in, one logit out.

    Attributes:
        keras_model: Input (1, H, W, 3) float32, output (1, 1) float32.
        size_hw: Height and width of the input.
    """

    keras_model: Any
    size_hw: tuple[int, int]

    def logit(self, pixels: npt.NDArray[np.uint8]) -> float:
        """The Keras model's logit of uint8 pixels (H, W, 3)."""
        batch = pixels[np.newaxis].astype(np.float32)
        return float(np.asarray(self.keras_model(batch, training=False))[0, 0])


def load_static_model(path: Path, size_hw: tuple[int, int]) -> StaticModel:
    """Load a Keras file and fix its batch size to 1, as the Edge TPU needs it.

    Args:
        path: A ``.keras`` file with a layer named ``logit`` of one unit.
        size_hw: Height and width of its input.

    Raises:
        MissingDependencyError: If TensorFlow is not installed.
        ConversionError: If the file is not such a model.
    """
    keras = import_tensorflow().keras
    try:
        trained = keras.models.load_model(path, compile=False)
        logit = keras.Model(trained.input, trained.get_layer(LOGIT_LAYER).output)
        fixed = keras.Input(batch_shape=(1, *size_hw, 3), name="pixels")
        static = keras.Model(fixed, logit(fixed))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ConversionError(
            f"expected a Keras model with a layer {LOGIT_LAYER!r} for {size_hw} pixels. "
            f"Received: path={str(path)!r}: {error}. Train it with melanoma-train fit."
        ) from error
    if static.output.shape != (1, 1):
        raise ConversionError(f"expected one logit. Received: output shape={static.output.shape}")
    return StaticModel(keras_model=static, size_hw=size_hw)


def export_float32(model: StaticModel) -> bytes:
    """The float32 flatbuffer: float pixels 0 … 255 in, float logit out.

    Raises:
        ConversionError: If the TFLite converter refuses the model.
    """
    tf = import_tensorflow()
    converter = tf.lite.TFLiteConverter.from_keras_model(model.keras_model)
    with _converter_quiet_and_named():
        return bytes(converter.convert())


def converter_versions() -> dict[str, str]:
    """Versions of the packages that write the float flatbuffer."""
    tf = import_tensorflow()
    return {"tensorflow": tf.__version__, "keras": tf.keras.__version__}


def import_tensorflow() -> Any:
    """The ``tensorflow`` module, its start quiet, as Keras' backend.

    Raises:
        MissingDependencyError: If it is not installed.
    """
    # The runtime's own log lines say nothing to a user; warnings and errors stay.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["KERAS_BACKEND"] = "tensorflow"
    try:
        with native_output_hidden():
            import tensorflow as tf
    except ImportError as error:
        raise MissingDependencyError(
            "expected TensorFlow for the conversion. Received: no tensorflow package. "
            'Install it with: pip install "melanoma-edge[convert]"'
        ) from error
    return tf


@contextlib.contextmanager
def _converter_quiet_and_named() -> Iterator[None]:
    try:
        with native_output_hidden(), warnings.catch_warnings():
            # On statistics needed only without calibration, and on an interpreter of its own.
            warnings.simplefilter("ignore", UserWarning)
            yield
    except Exception as error:  # the converter's own error has no public name
        unsupported = sorted(set(_UNSUPPORTED.findall(str(error))))
        if unsupported:
            raise UnsupportedOperatorError(
                "expected layers that TFLite has operators for. Received: "
                f"{', '.join(unsupported)}. Build the model without them."
            ) from error
        first_line = str(error).strip().partition("\n")[0]
        raise ConversionError(
            f"expected the TFLite converter to accept the model. Received: {first_line}"
        ) from error
