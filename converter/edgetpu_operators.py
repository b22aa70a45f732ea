"""What the Edge TPU compiler maps, and why it leaves an operator to the processor.

Operators and limits: coral.ai/docs/edgetpu/models-intro (supported operations, model
requirements). Not every limit of the compiler is published: mapping here is a prediction.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from converter.graph import OperatorRecord, TensorRecord

# Newest versions that compiler 16.0 is known or likely to read. It refuses CONV_2D 6
# (google-coral/edgetpu #631), TRANSPOSE_CONV 4 (#845) and EXP 2 (tensorflow/tflite-micro #2633);
# the rest is what tensorflow/lite/kernels/register.cc held about then.
NEWEST_VERSION = {
    "ADD": 4,
    "AVERAGE_POOL_2D": 3,
    "CONCATENATION": 3,
    "CONV_2D": 5,
    "DEPTHWISE_CONV_2D": 6,
    "EXPAND_DIMS": 1,
    "FULLY_CONNECTED": 9,
    "L2_NORMALIZATION": 2,
    "LOGISTIC": 3,
    "LSTM": 4,
    "MAXIMUM": 4,
    "MAX_POOL_2D": 3,
    "MEAN": 3,
    "MINIMUM": 4,
    "MUL": 5,
    "PACK": 3,
    "PAD": 4,
    "PRELU": 1,
    "QUANTIZE": 3,
    "REDUCE_MAX": 3,
    "REDUCE_MIN": 3,
    "RELU": 3,
    "RELU6": 3,
    "RELU_N1_TO_1": 1,
    "RESHAPE": 1,
    "RESIZE_BILINEAR": 4,
    "RESIZE_NEAREST_NEIGHBOR": 4,
    "RSQRT": 2,
    "SLICE": 5,
    "SOFTMAX": 3,
    "SPACE_TO_DEPTH": 2,
    "SPLIT": 4,
    "SQUEEZE": 2,
    "SQUARED_DIFFERENCE": 2,
    "STRIDED_SLICE": 6,
    "SUB": 5,
    "SUM": 2,
    "TANH": 3,
    "TRANSPOSE": 5,
    "TRANSPOSE_CONV": 3,
    "DEQUANTIZE": 5,
    "EXP": 1,
    "GATHER": 5,
}
# Read by the compiler and left to the processor.
_NOT_MAPPED = frozenset(("DEQUANTIZE", "EXP", "GATHER"))
_INTEGERS = frozenset(("int8", "uint8"))
_WEIGHTED = frozenset(("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"))
_NOT_FUSED = frozenset(("AVERAGE_POOL_2D", "MAX_POOL_2D", "CONCATENATION"))
_MOST_SOFTMAX = 16_000


@dataclass(frozen=True, kw_only=True)
class Mapping:
    """Where the operators will run.

    Attributes:
        mapped: Those that the Edge TPU takes, in their order.
        left: Those that the processor keeps.
        first_left: The first operator after which nothing is mapped; None if there is none.
        reason: Why it is not mapped; empty if there is none.
    """

    mapped: tuple[OperatorRecord, ...]
    left: tuple[OperatorRecord, ...]
    first_left: OperatorRecord | None
    reason: str

    @property
    def parameter_bytes(self) -> int:
        """Constant bytes that the mapped operators read, each tensor once."""
        constants = {
            id(tensor): tensor.constant_bytes
            for operator in self.mapped
            for tensor in operator.inputs
            if tensor is not None
        }
        return sum(constants.values())


def predict_mapping(operators: Sequence[OperatorRecord]) -> Mapping:
    """Which operators the compiler will map: all up to the first that it cannot.

    A QUANTIZE of float pixels at the very beginning is left out without harm; after the first
    other one the compiler would need a second subgraph, which it refuses.
    """
    mapped: list[OperatorRecord] = []
    left: list[OperatorRecord] = []
    for place, operator in enumerate(operators):
        reason = reason_not_mapped(operator)
        if reason is None:
            mapped.append(operator)
        elif operator.name == "QUANTIZE" and not mapped:
            left.append(operator)
        else:
            left.extend(operators[place:])
            return Mapping(
                mapped=tuple(mapped), left=tuple(left), first_left=operator, reason=reason
            )
    return Mapping(mapped=tuple(mapped), left=tuple(left), first_left=None, reason="")


def reason_not_mapped(operator: OperatorRecord) -> str | None:
    """Why the compiler leaves this operator to the processor; None if it will map it."""
    if operator.custom:
        return "a custom operator"
    for check in _CHECKS:
        reason = check(operator)
        if reason is not None:
            return reason
    return None


def _types(operator: OperatorRecord) -> str | None:
    for tensor in _values(operator):
        if tensor.dtype not in _INTEGERS:
            return f"works on {tensor.dtype}; every value must be int8 or uint8"
    return None


def _kind(operator: OperatorRecord) -> str | None:
    if operator.name not in NEWEST_VERSION or operator.name in _NOT_MAPPED:
        return "is none of the Edge TPU's operators"
    return None


def _shapes(operator: OperatorRecord) -> str | None:
    for tensor in _values(operator):
        if not tensor.static:
            return f"has an open size in {tensor.shape_signature}"
        if tensor.data is None and any(size != 1 for size in tensor.shape[:-3]):
            return f"has a tensor with more than three sizes above 1: {tensor.shape}"
    return None


def _weights(operator: OperatorRecord) -> str | None:
    if operator.name in _WEIGHTED and any(
        tensor is not None and tensor.data is None for tensor in operator.inputs[1:]
    ):
        return "its weights are not constant"
    return None


def _limits(operator: OperatorRecord) -> str | None:
    options = operator.options
    if operator.name in _NOT_FUSED and options.get("FusedActivationFunction", 0):
        return "has a fused activation"
    if options.get("DilationWFactor", 1) != options.get("DilationHFactor", 1):
        return "is dilated by unequal steps"
    if operator.name == "SOFTMAX" and operator.inputs[0] is not None:
        length = operator.inputs[0].shape[-1] if operator.inputs[0].shape else 1
        return f"is over {length} elements, at most 16000" if length > _MOST_SOFTMAX else None
    return None


_CHECKS: tuple[Callable[[OperatorRecord], str | None], ...] = (
    *(_types, _kind, _shapes, _weights, _limits),
)


def _values(operator: OperatorRecord) -> list[TensorRecord]:
    """The computed tensors and integer weights; biases, axes and sizes are int32 constants."""
    inputs = [
        tensor
        for tensor in operator.inputs
        if tensor is not None and not (tensor.data is not None and tensor.dtype == "int32")
    ]
    return [*inputs, *operator.outputs]
