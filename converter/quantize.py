"""Quantises a float32 flatbuffer without TensorFlow: the one place that calls ai-edge-quantizer.

The layer that makes the logit stays in float in every form: int8 shifts it (by −0.12 on a model
measured) and would cut it into 256 steps.
"""

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from converter.errors import ConversionError
from converter.finish_flatbuffer import finish_flatbuffer
from converter.ranges import TensorRanges, ranges_of
from converter.shared_ranges import share_ranges
from edge_runtime.console import progress
from edge_runtime.contract.preprocess import Pixels
from edge_runtime.errors import MissingDependencyError
from edge_runtime.native_output import native_output_hidden

_THREADS = 2
_INT8 = 8
_SIGNATURE = "serving_default"
# All pixel values, so that the input's scale is exactly 1.
PIXEL_RANGE = (0.0, 255.0)

Ranges = Mapping[str, tuple[float, float]]


def quantize_weights(float32: bytes, *, dynamic: bool) -> bytes:
    """Weights in int8 per channel, pixels and logit in float.

    Args:
        float32: The float flatbuffer.
        dynamic: Whether activations are quantised while they are computed (integer arithmetic);
            else weights are turned back into floats and the arithmetic is float.
    """
    from ai_edge_quantizer import recipe

    _require_quantizer()
    made = recipe.dynamic_wi8_afp32() if dynamic else recipe.weight_only_wi8_afp32()
    return _quantize(float32, made)


def halve_weights(float32: bytes) -> bytes:
    """Weights in float16, all else as in the float32 flatbuffer."""
    _require_quantizer()
    from ai_edge_quantizer import qtyping, quantizer
    from ai_edge_quantizer.algorithm_manager import AlgorithmName

    half = qtyping.OpQuantizationConfig(
        weight_tensor_config=qtyping.TensorQuantizationConfig(
            num_bits=16, dtype=qtyping.TensorDataType.FLOAT
        ),
        compute_precision=qtyping.ComputePrecision.FLOAT,
        explicit_dequantize=True,
    )
    with _quantizer_quiet_and_named():
        work = quantizer.Quantizer(bytearray(float32))
        everything = qtyping.TFLOperationName.ALL_SUPPORTED
        work.update_quantization_recipe(".*", everything, half, AlgorithmName.FLOAT_CASTING)
        _keep_float(work, layer_scopes(float32)[-1:])
        made = work.quantize(enable_progress_report=False).quantized_model
    return finish_flatbuffer(bytes(made))


def measure_ranges(float32: bytes, pictures: Sequence[Pixels]) -> TensorRanges:
    """The extremes of every tensor in each picture.

    Args:
        float32: The float flatbuffer.
        pictures: uint8 pixels (H, W, 3), 0 … 255, RGB.
    """
    _require_quantizer()
    from ai_edge_quantizer import calibrator, quantizer, recipe

    with _quantizer_quiet_and_named():
        manager = quantizer.Quantizer(bytearray(float32), recipe.static_wi8_ai8())._recipe_manager
        work = calibrator.Calibrator(
            float32,
            num_threads=_THREADS,
            mode=calibrator.CalibrationMode.CALIBRATION_PROFILER_BASED,
            qsv_update_func=lambda _, new: new,
        )
        signature = work.get_signature_list()[_SIGNATURE]["inputs"][0]
    statistics = []
    for pixels in progress(pictures, len(pictures), "integer ranges, pictures"):
        sample = {signature: pixels[np.newaxis].astype(np.float32)}
        with _quantizer_quiet_and_named():
            work.calibrate({_SIGNATURE: [sample]}, manager)
            statistics.append(dict(work.get_model_qsvs()))
    return ranges_of(statistics)


def quantize_static(
    float32: bytes, ranges: Ranges, *, activation_bits: int = 8, kept_float: Sequence[str] = ()
) -> bytes:
    """Weights in int8 per channel and activations in integers of the given ranges.

    Args:
        float32: The float flatbuffer.
        ranges: Lowest and highest value by tensor; the input's is set to the pixels'.
        activation_bits: 8, with uint8 pixels in; or 16, with float pixels in.
        kept_float: Scopes of further layers that stay in float, as :func:`layer_scopes` has them;
            where the first is among them, float pixels go in.
    """
    _require_quantizer()
    from ai_edge_quantizer import recipe

    made = recipe.static_wi8_ai8() if activation_bits == _INT8 else recipe.static_wi8_ai16()
    shared = share_ranges(float32, ranges) | {input_tensor(float32): PIXEL_RANGE}
    statistics = {
        name: {"min": np.array([low]), "max": np.array([high])}
        for name, (low, high) in shared.items()
    }
    takes_uint8 = activation_bits == _INT8 and layer_scopes(float32)[0] not in kept_float
    return _quantize(float32, made, statistics, kept_float, uint8_input=takes_uint8)


def quantize_one_layer(float32: bytes, ranges: Ranges, scope: str) -> bytes:
    """One layer in int8 and all others in float, which shows what that layer alone costs."""
    others = [other for other in layer_scopes(float32) if other != scope]
    return quantize_static(float32, ranges, kept_float=others)


def _quantize(
    float32: bytes,
    recipe: Any,
    statistics: dict[str, Any] | None = None,
    kept_float: Sequence[str] = (),
    *,
    uint8_input: bool = False,
) -> bytes:
    from ai_edge_quantizer import qtyping, quantizer
    from ai_edge_quantizer.algorithm_manager import AlgorithmName

    names = qtyping.TFLOperationName
    with _quantizer_quiet_and_named():
        work = quantizer.Quantizer(bytearray(float32), recipe)
        _keep_float(work, (layer_scopes(float32)[-1], *kept_float))
        for end in (names.INPUT, names.OUTPUT):
            work.update_quantization_recipe(".*", end, algorithm_key=AlgorithmName.NO_QUANTIZE)
        made = work.quantize(statistics, enable_progress_report=False).quantized_model
    return finish_flatbuffer(bytes(made), uint8_input=uint8_input)


def _keep_float(work: Any, scopes: Sequence[str]) -> None:
    from ai_edge_quantizer import qtyping
    from ai_edge_quantizer.algorithm_manager import AlgorithmName

    for scope in scopes:
        work.update_quantization_recipe(
            f"^{re.escape(scope)}$",
            qtyping.TFLOperationName.ALL_SUPPORTED,
            algorithm_key=AlgorithmName.NO_QUANTIZE,
        )


def layer_scopes(float32: bytes) -> list[str]:
    """What the quantizer calls each operator, in the order of execution; the last makes the logit.

    The names of an operator's outputs, which no two share.
    """
    _require_quantizer()
    from ai_edge_quantizer.utils import tfl_flatbuffer_utils

    graph = tfl_flatbuffer_utils.read_model(float32).subgraphs[0]
    return [tfl_flatbuffer_utils.get_op_scope(op, graph.tensors) for op in graph.operators]


def input_tensor(float32: bytes) -> str:
    """Name of the tensor that takes the pixels."""
    from ai_edge_quantizer.utils import tfl_flatbuffer_utils

    graph = tfl_flatbuffer_utils.read_model(float32).subgraphs[0]
    name = graph.tensors[graph.inputs[0]].name
    return name.decode() if isinstance(name, bytes) else str(name)


def quantizer_version() -> dict[str, str]:
    """Version of the package that quantises."""
    from importlib.metadata import version

    return {"ai-edge-quantizer": version("ai-edge-quantizer")}


def _require_quantizer() -> None:
    try:
        with native_output_hidden():
            import ai_edge_quantizer  # noqa: F401
    except ImportError as error:
        raise MissingDependencyError(
            "expected ai-edge-quantizer for the conversion. Received: no such package. "
            'Install it with: pip install "melanoma-edge[convert]"'
        ) from error


@contextmanager
def _quantizer_quiet_and_named() -> Iterator[None]:
    try:
        with native_output_hidden(), warnings.catch_warnings():
            # On the memory of an interpreter that keeps its tensors.
            warnings.simplefilter("ignore", UserWarning)
            yield
    except (ValueError, RuntimeError, TypeError, KeyError) as error:
        raise ConversionError(
            f"expected ai-edge-quantizer to accept the model. Received: {error}"
        ) from error
