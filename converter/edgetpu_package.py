"""Reads what the Edge TPU compiler put into a custom operator: cached and streamed parameters.

Layout: google-coral/libedgetpu, executable/executable.fbs. A package holds executables: one that
loads parameters into the chip once, and one that runs and brings along what it streams.
"""

import struct
from dataclasses import dataclass
from typing import Any

from converter.errors import ConversionError
from converter.graph import OperatorRecord

_IDENTIFIER = b"DWN1"
# Numbers of fields in their tables.
_PACKAGE_EXECUTABLES = 1
_EXECUTABLE_PARAMETERS, _EXECUTABLE_TYPE = 6, 13
_PARAMETER_CACHING = 1


@dataclass(frozen=True, kw_only=True)
class EdgeTpuPackage:
    """Memory of a compiled operator.

    Attributes:
        cached_bytes: Parameters that stay on the chip.
        streamed_bytes: Parameters that are sent again for each inference.
    """

    cached_bytes: int
    streamed_bytes: int


def read_package(operator: OperatorRecord) -> EdgeTpuPackage:
    """Parameter bytes of an ``edgetpu-custom-op``.

    Raises:
        ConversionError: If its content is not what the compiler writes.
    """
    content = bytes(operator.custom_options or b"")
    try:
        package = _root(content[content.index(_IDENTIFIER) - len(_IDENTIFIER) :])
        cached = streamed = 0
        for executable in _executables(_bytes(package, _PACKAGE_EXECUTABLES)):
            size = len(_bytes(executable, _EXECUTABLE_PARAMETERS))
            if _number(executable, _EXECUTABLE_TYPE) == _PARAMETER_CACHING:
                cached += size
            else:
                streamed += size
    except (struct.error, ValueError, IndexError, TypeError) as error:
        raise ConversionError(
            f"expected a package of the Edge TPU compiler in operator #{operator.index}. "
            f"Received: {error}. Compile the model again."
        ) from error
    return EdgeTpuPackage(cached_bytes=cached, streamed_bytes=streamed)


def _root(content: bytes) -> Any:
    from flatbuffers import number_types, table  # type: ignore[import-untyped]

    whole = table.Table(content, 0)
    return table.Table(content, whole.Get(number_types.UOffsetTFlags, 0))


def _bytes(table: Any, number: int) -> bytes:
    offset = table.Offset(4 + 2 * number)
    if not offset:
        return b""
    start, length = table.Vector(offset), table.VectorLen(offset)
    if start + length > len(table.Bytes):
        raise ValueError(f"{length} bytes at {start}")
    return bytes(table.Bytes[start : start + length])


def _number(table: Any, number: int) -> int:
    from flatbuffers import number_types

    offset = table.Offset(4 + 2 * number)
    return int(table.Get(number_types.Int16Flags, table.Pos + offset)) if offset else 0


def _executables(content: bytes) -> list[Any]:
    table = _root(content)
    offset = table.Offset(4)
    count = table.VectorLen(offset) if offset else 0
    if count * 4 > len(content):
        raise ValueError(f"{count} executables")
    return [_root(table.String(table.Vector(offset) + 4 * place)) for place in range(count)]
