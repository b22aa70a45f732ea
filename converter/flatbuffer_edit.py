"""Opens a ``.tflite`` flatbuffer for changes and writes it back, weights inside and aligned."""

from typing import Any

import numpy as np

from converter.errors import ConversionError

MODEL_IDENTIFIER = b"TFL3"
_BUFFER_ALIGNMENT = 16  # force_align of Buffer.data in TFLite's schema.fbs
_ROOM_FOR_TABLES = 1 << 20


def unpack_flatbuffer(content: bytes) -> Any:
    """The model as the object tree of TFLite's schema, a ``ModelT``, weights inside.

    Raises:
        ConversionError: If the bytes are no model, or parts lie behind the flatbuffer that cannot
            be brought inside.
    """
    import struct

    from ai_edge_litert.schema_py_generated import ModelT

    if content[4:8] != MODEL_IDENTIFIER:
        raise ConversionError(
            f"expected a TFLite model. Received: bytes that begin with {content[:8]!r}"
        )
    try:
        model = ModelT.InitFromPackedBuf(content, 0)
        _bring_weights_inside(model, content)
    except (struct.error, IndexError, TypeError, ValueError, OverflowError) as error:
        raise ConversionError(
            f"expected a whole TFLite model. Received: a damaged one ({error}). Export it again."
        ) from error
    return model


def pack_flatbuffer(model: Any, size_hint: int) -> bytes:
    """The bytes of a ``ModelT``; equal models give equal bytes.

    Args:
        model: From :func:`unpack_flatbuffer`, changed or not; not to be used afterwards.
        size_hint: About how long the result is, in bytes.
    """
    import flatbuffers

    model.buffers = [_AlignedBuffer(buffer) for buffer in model.buffers]
    builder = flatbuffers.Builder(size_hint + _ROOM_FOR_TABLES)
    builder.Finish(model.Pack(builder), MODEL_IDENTIFIER)
    return bytes(builder.Output())


def _bring_weights_inside(model: Any, content: bytes) -> None:
    """Turn data that lies behind the flatbuffer, at places that move now, into vectors in it."""
    for buffer in model.buffers:
        if buffer.offset > 1:  # 0 and 1 are no places: TFLite's schema.fbs
            buffer.data = np.frombuffer(content, np.uint8, buffer.size, buffer.offset)
            buffer.offset = buffer.size = 0
    operators = [operator for graph in model.subgraphs for operator in graph.operators or ()]
    if any(operator.largeCustomOptionsOffset > 1 for operator in operators):
        raise ConversionError(
            "expected operators whose options lie in the flatbuffer. Received: options behind it. "
            "Such a model cannot be changed."
        )


class _AlignedBuffer:
    """A BufferT whose data starts where the schema wants it; its own ``Pack`` aligns to 4 bytes."""

    def __init__(self, buffer: Any) -> None:
        self._buffer = buffer

    def Pack(self, builder: Any) -> int:  # noqa: N802 - the name that ModelT.Pack calls
        if self._buffer.data is not None:
            builder.Prep(_BUFFER_ALIGNMENT, len(self._buffer.data))
        return int(self._buffer.Pack(builder))
