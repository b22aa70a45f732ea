"""What ai-edge-quantizer leaves undone: weights inside, operator versions, uint8 pixels in."""

from typing import Any

from converter.errors import ConversionError
from converter.flatbuffer import read_flatbuffer
from converter.flatbuffer_edit import pack_flatbuffer, unpack_flatbuffer
from converter.operator_versions import needed_version


def finish_flatbuffer(content: bytes, *, uint8_input: bool = False) -> bytes:
    """A quantised flatbuffer that other programs read as it is meant.

    Args:
        content: What the quantizer wrote.
        uint8_input: Whether to take the pixels as uint8 instead of float; the first operator must
            quantise them with scale 1.

    Raises:
        ConversionError: If the input cannot be uint8.
    """
    if uint8_input:
        model = unpack_flatbuffer(content)
        _take_uint8(model)
        content = pack_flatbuffer(model, len(content))
    model = unpack_flatbuffer(content)
    _state_versions(model, content)
    return pack_flatbuffer(model, len(content))


def _state_versions(model: Any, content: bytes) -> None:
    """Name the operator versions that the types need, so that an old runtime refuses the file.

    The quantizer leaves 1 everywhere; a runtime that knows only that would load and misread it.
    """
    needed: dict[int, int] = {}
    operators = [operator for graph in model.subgraphs for operator in graph.operators]
    for operator, record in zip(operators, read_flatbuffer(content).operators, strict=True):
        place = operator.opcodeIndex
        needed[place] = max(needed.get(place, 1), needed_version(record))
    for place, version in needed.items():
        code = model.operatorCodes[place]
        code.version = max(code.version, version)


def _take_uint8(model: Any) -> None:
    from ai_edge_litert.schema_py_generated import (
        BuiltinOperator,
        QuantizationParametersT,
        TensorType,
    )

    graph = model.subgraphs[0]
    first, place = graph.operators[0], graph.inputs[0]
    code = model.operatorCodes[first.opcodeIndex].builtinCode
    quantised = graph.tensors[first.outputs[0]].quantization
    users = [op for op in graph.operators if place in list(op.inputs)]
    as_pixels = (
        code == BuiltinOperator.QUANTIZE
        and users == [first]
        and quantised is not None
        and list(quantised.scale) == [1.0]
        and list(quantised.zeroPoint) == [-128]
    )
    if not as_pixels:
        raise ConversionError(
            "expected a model that first quantises its pixels with scale 1. Received: another "
            "first operator or scale. Keep the first layer out of the layers in float."
        )
    pixels = graph.tensors[place]
    pixels.type = TensorType.UINT8
    pixels.quantization = QuantizationParametersT(scale=[1.0], zeroPoint=[0])
