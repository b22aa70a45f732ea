"""Reads a ``.tflite`` flatbuffer: its operators, tensors, constants and arithmetic.

Layout and names: tensorflow/compiler/mlir/lite/schema/schema.fbs. A file is read without being
run, and a damaged one ends in an error instead of a crash of native code.
"""

import struct
from collections.abc import Iterable
from types import MappingProxyType
from typing import Any

from converter.errors import ConversionError
from converter.graph import OperatorRecord, Quantisation, TensorRecord, TfliteModel, count_macs
from edge_runtime.errors import MissingDependencyError

IDENTIFIER = b"TFL3"
_MOST_ITEMS = 100_000  # of one vector of tables; InceptionV3 has 300. Damage reads as billions
_MOST_DIMENSIONS = 16
_NOT_EXTERNAL = 1  # Buffer.offset is 0 or 1 where the data lies inside the flatbuffer
# What the generated code and numpy raise on bytes that are no flatbuffer.
_DAMAGE = (
    *(struct.error, IndexError, KeyError, TypeError, ValueError, AttributeError),
    *(OverflowError, MemoryError, RecursionError),
)
# The options that decide which operator version is needed, or what an accelerator accepts.
_OPTIONS = {
    "Conv2DOptions": ("DilationWFactor", "DilationHFactor"),
    "DepthwiseConv2DOptions": ("DilationWFactor", "DilationHFactor"),
    "FullyConnectedOptions": ("KeepNumDims", "AsymmetricQuantizeInputs", "WeightsFormat"),
    "Pool2DOptions": ("FusedActivationFunction",),
    "ConcatenationOptions": ("FusedActivationFunction",),
}


def read_flatbuffer(content: bytes) -> TfliteModel:
    """What the flatbuffer holds; an archive behind it is ignored.

    Args:
        content: A whole ``.tflite`` file.

    Raises:
        ConversionError: If it is no TFLite flatbuffer, or a damaged one.
        MissingDependencyError: If ai-edge-litert is not installed.
    """
    schema = _import_schema()
    found = content[4:8]
    if len(content) < 16 or found != IDENTIFIER:
        raise ConversionError(
            f"expected a .tflite file with the identifier {IDENTIFIER.decode()}. "
            f"Received: {len(content)} bytes, identifier={found!r}. Name a TFLite model."
        )
    try:
        return _Reader(schema, content).model()
    except _DAMAGE as error:
        raise ConversionError(
            f"expected a sound .tflite file. Received: a damaged one: {type(error).__name__}: "
            f"{error}. Copy or export it again."
        ) from error


def _import_schema() -> Any:
    try:
        from ai_edge_litert import schema_py_generated
    except ImportError as error:
        raise MissingDependencyError(
            "expected ai-edge-litert, which brings the schema of .tflite files. Received: no such "
            "package. Install it with: pip install ai-edge-litert"
        ) from error
    return schema_py_generated


class _Reader:
    """Walks the generated accessors and refuses what points outside the file."""

    def __init__(self, schema: Any, content: bytes) -> None:
        self._schema = schema
        self._content = memoryview(content)
        self._root = schema.Model.GetRootAs(content, 0)
        self._dtypes = _names(schema.TensorType)
        self._builtins = _names(schema.BuiltinOperator)
        self._option_types = _names(schema.BuiltinOptions)
        root = self._root
        self._buffers = [
            self._buffer(b) for b in _vector("buffers", root.BuffersLength(), root.Buffers)
        ]

    def model(self) -> TfliteModel:
        root = self._root
        codes = [
            self._operator_code(code)
            for code in _vector("operator codes", root.OperatorCodesLength(), root.OperatorCodes)
        ]
        graphs = _vector("subgraphs", root.SubgraphsLength(), root.Subgraphs)
        tensors: list[TensorRecord] = []
        operators: list[OperatorRecord] = []
        ends = []
        for graph in graphs:
            own = [
                self._tensor(t) for t in _vector("tensors", graph.TensorsLength(), graph.Tensors)
            ]
            ends.append((_picked(own, graph.InputsAsNumpy()), _picked(own, graph.OutputsAsNumpy())))
            tensors += own
            for item in _vector("operators", graph.OperatorsLength(), graph.Operators):
                operators.append(self._operator(len(operators), item, codes, own))
        inputs, outputs = ends[0]
        return TfliteModel(
            operator_codes=tuple((name, version) for name, _, version in codes),
            operators=tuple(operators),
            inputs=_present(inputs),
            outputs=_present(outputs),
            tensors=tuple(tensors),
            subgraphs=len(graphs),
        )

    def _buffer(self, buffer: Any) -> memoryview | None:
        if buffer.Offset() > _NOT_EXTERNAL:
            start, size = buffer.Offset(), buffer.Size()
            if start + size > len(self._content):
                raise ValueError(f"constant data up to byte {start + size}")
            return self._content[start : start + size]
        if buffer.DataLength() == 0:
            return None
        data: memoryview = buffer.DataAsNumpy().data
        return data

    def _operator_code(self, code: Any) -> tuple[str, bool, int]:
        # Codes above 126 stand in the younger field alone; older files fill the other one alone.
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        name = self._builtins[number]
        if name == "CUSTOM":
            return _text(code.CustomCode()), True, code.Version()
        return name, False, code.Version()

    def _tensor(self, tensor: Any) -> TensorRecord:
        signature = _integers(tensor.ShapeSignatureAsNumpy())
        return TensorRecord(
            name=_text(tensor.Name()),
            shape=_shape(tensor.ShapeAsNumpy()),
            shape_signature=signature or None,
            dtype=self._dtypes[tensor.Type()].lower(),
            quantisation=_quantisation(tensor.Quantization()),
            data=self._buffers[_index(tensor.Buffer(), self._buffers)] if self._buffers else None,
        )

    def _operator(
        self, index: int, item: Any, codes: list[tuple[str, bool, int]], tensors: list[TensorRecord]
    ) -> OperatorRecord:
        name, custom, version = codes[_index(item.OpcodeIndex(), codes)]
        inputs = _picked(tensors, item.InputsAsNumpy())
        outputs = _present(_picked(tensors, item.OutputsAsNumpy()))
        has_options = custom and item.CustomOptionsLength() > 0
        return OperatorRecord(
            index=index,
            name=name,
            custom=custom,
            version=version,
            inputs=inputs,
            outputs=outputs,
            options=MappingProxyType({} if custom else self._options(item)),
            custom_options=item.CustomOptionsAsNumpy().data if has_options else None,
            macs=0 if custom else count_macs(name, inputs, outputs),
        )

    def _options(self, item: Any) -> dict[str, int]:
        kind = self._option_types[item.BuiltinOptionsType()]
        table = item.BuiltinOptions()
        if kind not in _OPTIONS or table is None:
            return {}
        options = getattr(self._schema, kind)()
        options.Init(table.Bytes, table.Pos)
        return {name: int(getattr(options, name)()) for name in _OPTIONS[kind]}


def _quantisation(parameters: Any) -> Quantisation | None:
    if parameters is None or parameters.ScaleLength() == 0:
        return None
    scales, zero_points = parameters.ScaleAsNumpy(), parameters.ZeroPointAsNumpy()
    return Quantisation(
        scales=tuple(map(float, scales)),
        zero_points=() if parameters.ZeroPointLength() == 0 else tuple(map(int, zero_points)),
        axis=parameters.QuantizedDimension(),
    )


def _names(enumeration: type) -> dict[int, str]:
    return {value: name for name, value in vars(enumeration).items() if isinstance(value, int)}


def _vector(what: str, length: int, item: Any) -> list[Any]:
    if length > _MOST_ITEMS:
        raise ValueError(f"{length} {what}")
    return [item(index) for index in range(length)]


def _index(index: int, items: list[Any]) -> int:
    if not 0 <= index < len(items):
        raise IndexError(f"{index} of {len(items)}")
    return index


def _integers(array: Any) -> tuple[int, ...]:
    if isinstance(array, int):  # the generated code gives 0 where there is no vector
        return ()
    if len(array) > _MOST_DIMENSIONS:
        raise ValueError(f"{len(array)} dimensions")
    return tuple(map(int, array))


def _shape(array: Any) -> tuple[int, ...]:
    shape = _integers(array)
    if min(shape, default=0) < 0:
        raise ValueError(f"shape {shape}")
    return shape


def _picked(tensors: list[TensorRecord], indices: Any) -> tuple[TensorRecord | None, ...]:
    chosen = [] if isinstance(indices, int) else indices.tolist()
    return tuple(None if i == -1 else tensors[_index(i, tensors)] for i in chosen)


def _present(tensors: Iterable[TensorRecord | None]) -> tuple[TensorRecord, ...]:
    return tuple(tensor for tensor in tensors if tensor is not None)


def _text(raw: bytes | None) -> str:
    return (raw or b"").decode("utf-8", "replace")
