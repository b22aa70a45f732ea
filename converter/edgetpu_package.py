"""Reads what the Edge TPU compiler put into a custom operator: cached and streamed parameters.

Layout: google-coral/libedgetpu, executable/executable.fbs. A package holds executables: one that
loads parameters into the chip once, and one that runs and brings along what it streams.
"""

import struct
from dataclasses import dataclass

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
            kind = executable.field(_EXECUTABLE_TYPE)
            if kind is not None and _at("<h", executable.content, kind) == _PARAMETER_CACHING:
                cached += size
            else:
                streamed += size
    except (struct.error, ValueError) as error:
        raise ConversionError(
            f"expected a package of the Edge TPU compiler in operator #{operator.index}. "
            f"Received: {error}. Compile the model again."
        ) from error
    return EdgeTpuPackage(cached_bytes=cached, streamed_bytes=streamed)


@dataclass(frozen=True, kw_only=True)
class _Table:
    """A flatbuffer table: where it lies in its bytes."""

    content: bytes
    start: int

    def field(self, number: int) -> int | None:
        """Where a field lies; None if it has its default."""
        vtable = self.start - _at("<i", self.content, self.start)
        slot = 4 + 2 * number
        if slot >= _at("<H", self.content, vtable):
            return None
        offset = _at("<H", self.content, vtable + slot)
        return self.start + offset if offset else None

    def vector(self, number: int) -> tuple[int, int]:
        """Where a vector's items begin, and how many there are."""
        field = self.field(number)
        if field is None:
            return 0, 0
        start = field + _at("<I", self.content, field)
        return start + 4, _at("<I", self.content, start)


def _at(form: str, content: bytes, place: int) -> int:
    number: int = struct.unpack_from(form, content, place)[0]
    return number


def _root(content: bytes) -> _Table:
    return _Table(content=content, start=_at("<I", content, 0))


def _bytes(table: _Table, number: int) -> bytes:
    start, length = table.vector(number)
    if start + length > len(table.content):
        raise ValueError(f"{length} bytes at {start}")
    return table.content[start : start + length]


def _executables(content: bytes) -> list[_Table]:
    start, count = _root(content).vector(0)
    if count * 4 > len(content):
        raise ValueError(f"{count} executables")
    places = [start + 4 * index for index in range(count)]
    texts = [place + _at("<I", content, place) for place in places]
    return [_root(content[at + 4 : at + 4 + _at("<I", content, at)]) for at in texts]
