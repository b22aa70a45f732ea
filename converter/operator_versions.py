"""The operator version that a file's own tensors call for, whatever version is written in it.

Some writers leave every version at 1. A runtime that lacks the kernel then does not notice, loads
the file and may misread it. The rules are those of
tensorflow/lite/tools/versioning/op_version.cc, for what networks of pictures are made of.
"""

from converter.graph import OperatorRecord, TensorRecord

# Version 2 brought int8 to these, version 3 int16.
_INT8_SECOND = frozenset(
    (
        *("AVERAGE_POOL_2D", "MAX_POOL_2D", "CONCATENATION", "SOFTMAX", "MEAN", "REDUCE_MAX"),
        *("REDUCE_MIN", "MIRROR_PAD", "RELU", "RELU6", "RSQRT", "LOGISTIC", "TANH", "PAD", "PADV2"),
        *("ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM", "TRANSPOSE", "GATHER", "PACK", "ARG_MAX"),
        *("ARG_MIN", "RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", "SLICE", "STRIDED_SLICE"),
        *("SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND", "BATCH_MATMUL", "L2_NORMALIZATION"),
    )
)
_INT16_THIRD = frozenset(
    ("AVERAGE_POOL_2D", "MAX_POOL_2D", "CONCATENATION", "SOFTMAX", "MEAN", "LOGISTIC", "TANH")
)


def needed_version(operator: OperatorRecord) -> int:
    """The lowest version whose kernel reads the operator's tensors; 1 where no rule is known."""
    data, outputs = _types(operator)
    if operator.custom or not data or not outputs:
        return 1
    if operator.name in ("CONV_2D", "DEPTHWISE_CONV_2D"):
        return _convolution(operator, data, outputs[0])
    if operator.name == "FULLY_CONNECTED":
        return _fully_connected(operator, data, outputs[0])
    if operator.name in ("DEQUANTIZE", "QUANTIZE"):
        return _conversion(operator, data[0], outputs[0])
    if operator.name in _INT16_THIRD and data[0] == "int16":
        return 3
    if operator.name in _INT8_SECOND and data[0] == "int8":
        return 2
    return 1


def _types(operator: OperatorRecord) -> tuple[list[str], list[str]]:
    inputs = [tensor.dtype if tensor else "" for tensor in operator.inputs]
    return inputs, [tensor.dtype for tensor in operator.outputs]


def _convolution(operator: OperatorRecord, data: list[str], output: str) -> int:
    depthwise = operator.name == "DEPTHWISE_CONV_2D"
    pair = (data[0], data[1] if len(data) > 1 else "", output)
    if not depthwise and _grouped(operator):
        return 6
    if pair == ("int8", "int4", "int8"):
        return 7
    if pair == ("int8", "int8", "int8"):
        return 3
    if pair == ("float32", "int8", "float32"):
        per_channel, per_tensor = (6, 4) if depthwise else (5, 2)
        return per_channel if _per_channel(operator.inputs[1]) else per_tensor
    dilated = {operator.options.get(f"Dilation{side}Factor", 1) for side in "WH"} != {1}
    return 2 if depthwise and dilated else 1


def _grouped(operator: OperatorRecord) -> bool:
    data, weights = operator.inputs[0], operator.inputs[1] if len(operator.inputs) > 1 else None
    if data is None or weights is None or len(data.shape) != 4 or len(weights.shape) != 4:
        return False
    return data.shape[-1] != weights.shape[-1]


def _fully_connected(operator: OperatorRecord, data: list[str], output: str) -> int:
    weights = operator.inputs[1] if len(data) > 1 else None
    triple = (data[0], weights.dtype if weights else "", output)
    hybrid = triple == ("float32", "int8", "float32")
    rules = (
        (hybrid and _per_channel(weights), 12),
        (len(data) == 2, 6),
        (operator.options.get("KeepNumDims", 0) == 1, 5),
        (triple == ("int8", "int8", "int8"), 4),
        (triple == ("int8", "int4", "int8"), 10),
        (hybrid and operator.options.get("AsymmetricQuantizeInputs", 0) == 1, 9),
        (hybrid, 3),
        (operator.options.get("WeightsFormat", 0) == 1, 2),
    )
    return next((version for applies, version in rules if applies), 1)


def _conversion(operator: OperatorRecord, data: str, output: str) -> int:
    """Of QUANTIZE and DEQUANTIZE."""
    if operator.name == "QUANTIZE":
        if "int4" in (data, output):
            return 4
        return 3 if _per_channel(operator.outputs[0]) else 2 if output == "int16" else 1
    if data == "int8":
        return 5 if _per_channel(operator.inputs[0]) else 2
    return {"int4": 6, "int16": 3, "float16": 3}.get(data, 1)


def _per_channel(tensor: TensorRecord | None) -> bool:
    return (
        tensor is not None and tensor.quantisation is not None and tensor.quantisation.per_channel
    )
