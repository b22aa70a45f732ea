"""Gives a float TFLite model made elsewhere our ends: pixels 0 … 255 in, a logit out."""

from typing import Any

import numpy as np

from converter.errors import ConversionError
from converter.flatbuffer_edit import pack_flatbuffer, unpack_flatbuffer
from converter.foreign_card import ForeignCard

_NO_SCALING = (1.0, 0.0)


def adapt_tflite(content: bytes, card: ForeignCard) -> bytes:
    """The same network behind a scaling of its pixels, without a final sigmoid.

    Args:
        content: A float32 ``.tflite`` file with one input (1, H, W, 3) and one output (1, 1).
        card: What it expects and gives.

    Raises:
        ConversionError: If it is no such model.
    """
    model = unpack_flatbuffer(content)
    _require_float_ends(model, card)
    if card.output == "sigmoid":
        _drop_sigmoid(model)
    if card.scale_offset != _NO_SCALING:
        _scale_pixels(model, card)
    model.metadata = []  # a normalisation that others wrote down holds no longer
    return pack_flatbuffer(model, len(content))


def _require_float_ends(model: Any, card: ForeignCard) -> None:
    from ai_edge_litert.schema_py_generated import TensorType

    graph = model.subgraphs[0]
    ends = [graph.tensors[i] for i in (*graph.inputs, *graph.outputs)]
    shapes = [tuple(int(side) for side in tensor.shape) for tensor in ends]
    expected = [(1, *card.size, 3), (1, 1)]
    if (
        len(model.subgraphs) != 1
        or shapes != expected
        or any(t.type != TensorType.FLOAT32 for t in ends)
    ):
        raise ConversionError(
            f"expected one float32 input and output of the shapes {expected}. Received: shapes "
            f"{shapes}. Convert the model in float, with a batch of 1 and one output neuron."
        )
    for tensor in graph.tensors:
        tensor.shapeSignature = None  # sizes left open; a batch of 1 is meant


def _drop_sigmoid(model: Any) -> None:
    from ai_edge_litert.schema_py_generated import BuiltinOperator

    graph = model.subgraphs[0]
    last = graph.operators[-1]
    if model.operatorCodes[last.opcodeIndex].builtinCode != BuiltinOperator.LOGISTIC:
        raise ConversionError(
            "expected a model that ends in LOGISTIC, as its card says output = sigmoid. Received: "
            'another last operator. Write output = "logit" if it gives a logit.'
        )
    graph.operators.pop()
    graph.outputs = [last.inputs[0]]
    for signature in model.signatureDefs or []:
        for end in signature.outputs:
            end.tensorIndex = int(last.inputs[0])


def _scale_pixels(model: Any, card: ForeignCard) -> None:
    from ai_edge_litert import schema_py_generated as schema

    graph = model.subgraphs[0]
    old = int(graph.inputs[0])
    scale, offset = card.scale_offset
    pixels = _add_tensor(model, b"pixels", graph.tensors[old].shape)
    scaled = _add_tensor(model, b"pixels_scaled", graph.tensors[old].shape)
    multiply = _operator(
        model, schema.BuiltinOperator.MUL, schema.BuiltinOptions.MulOptions, schema.MulOptionsT()
    )
    multiply.inputs, multiply.outputs = [pixels, _add_constant(model, b"scale", scale)], [scaled]
    add = _operator(
        model, schema.BuiltinOperator.ADD, schema.BuiltinOptions.AddOptions, schema.AddOptionsT()
    )
    add.inputs, add.outputs = [scaled, _add_constant(model, b"offset", offset)], [old]
    graph.operators[:0] = [multiply, add]
    graph.inputs = [pixels]
    for signature in model.signatureDefs or []:
        for end in signature.inputs:
            end.tensorIndex = pixels


def _operator(model: Any, code: int, kind: int, options: Any) -> Any:
    from ai_edge_litert.schema_py_generated import OperatorCodeT, OperatorT

    model.operatorCodes.append(OperatorCodeT(deprecatedBuiltinCode=code, builtinCode=code))
    operator = OperatorT(opcodeIndex=len(model.operatorCodes) - 1)
    operator.builtinOptionsType, operator.builtinOptions = kind, options
    return operator


def _add_tensor(model: Any, name: bytes, shape: Any, buffer: int = 0) -> int:
    from ai_edge_litert.schema_py_generated import TensorT, TensorType

    tensors = model.subgraphs[0].tensors
    tensors.append(TensorT(name=name, shape=shape, type=TensorType.FLOAT32, buffer=buffer))
    return len(tensors) - 1


def _add_constant(model: Any, name: bytes, value: float) -> int:
    from ai_edge_litert.schema_py_generated import BufferT

    data = np.frombuffer(np.float32(value).tobytes(), np.uint8)
    model.buffers.append(BufferT(data=data))
    return _add_tensor(model, name, np.array([], np.int32), len(model.buffers) - 1)
