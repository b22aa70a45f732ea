"""A model in blocks of operators, and files that end after each: what time by operator rests on.

A block ends where a single tensor is all that the rest of the network needs. A convolution in a row
of convolutions is a block of its own; a module with branches is one, up to where they are joined.
"""

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from converter.errors import ConversionError
from converter.flatbuffer import read_flatbuffer
from converter.flatbuffer_edit import pack_flatbuffer, unpack_flatbuffer
from converter.graph import OperatorRecord, TfliteModel

_COPY = "_1"  # Keras appends it to the name of every layer where it exports a model


@dataclass(frozen=True, kw_only=True)
class Block:
    """Operators that follow each other.

    Attributes:
        name: Kind of the operator, or the module's name from the file.
        operators: How many of each kind, as in ``7 CONV_2D, 1 CONCATENATION``.
        last: Place of its last operator in the file.
        macs: Multiplications with addition of one inference.
    """

    name: str
    operators: str
    last: int
    macs: int


def blocks_of(content: bytes) -> tuple[Block, ...]:
    """The blocks of a ``.tflite`` file, in the order in which they are computed.

    Raises:
        ConversionError: If it is no sound TFLite flatbuffer, or has several graphs, or operators
            that a processor's runtime does not know.
    """
    model = read_flatbuffer(content)
    custom = sorted({operator.name for operator in model.operators if operator.custom})
    if model.subgraphs != 1 or custom:
        raise ConversionError(
            "expected a file of one graph for the processor. Received: "
            f"subgraphs={model.subgraphs}, custom operators={custom}. Name the int8 variant."
        )
    blocks, begin = [], 0
    for end in _ends(model):
        operators = model.operators[begin : end + 1]
        kinds = Counter(operator.name for operator in operators)
        blocks.append(
            Block(
                name=_name(operators),
                operators=", ".join(f"{count} {kind}" for kind, count in kinds.most_common()),
                last=end,
                macs=sum(operator.macs for operator in operators),
            )
        )
        begin = end + 1
    return _without_copy(blocks)


def ended_after(content: bytes, last: int) -> bytes:
    """The model up to one operator, whose output becomes the model's; weights behind it are gone.

    Args:
        content: A ``.tflite`` file of one graph.
        last: Place of the last operator that stays.
    """
    model = unpack_flatbuffer(content)
    (graph,) = model.subgraphs
    graph.operators = graph.operators[: last + 1]
    graph.outputs = np.array(graph.operators[-1].outputs, np.int32)
    used = {int(i) for one in graph.operators for i in (*one.inputs, *one.outputs) if i >= 0}
    kept = {graph.tensors[i].buffer for i in used}
    for place, buffer in enumerate(model.buffers):
        if place not in kept:
            buffer.data = None
    # Both name what is no more.
    model.signatureDefs = model.metadata = None
    return pack_flatbuffer(model, len(content))


def _ends(model: TfliteModel) -> list[int]:
    """Places of the operators behind which one tensor alone is needed; the last is among them."""
    needed_until = {
        tensor.name: operator.index
        for operator in model.operators
        for tensor in operator.inputs
        if tensor is not None
    } | {tensor.name: len(model.operators) for tensor in model.outputs}
    alive = {tensor.name for tensor in model.inputs}
    ends = []
    for operator in model.operators:
        alive |= {tensor.name for tensor in operator.outputs}
        alive = {name for name in alive if needed_until.get(name, -1) > operator.index}
        if len(alive) == 1:
            ends.append(operator.index)
    return ends


def _name(operators: tuple[OperatorRecord, ...]) -> str:
    if len(operators) == 1:
        return operators[0].name
    parts = operators[-1].outputs[0].name.split(";")[0].split("/")
    return parts[-2] if len(parts) > 1 else parts[0]


def _without_copy(blocks: list[Block]) -> tuple[Block, ...]:
    modules = [block.name for block in blocks if "," in block.operators]
    if not all(name.endswith(_COPY) for name in modules):
        return tuple(blocks)
    return tuple(replace(block, name=block.name.removesuffix(_COPY)) for block in blocks)
