"""The reader of ``.tflite`` files: against the runtime's own view, and on damaged bytes."""

import contextlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import example, given

from converter.errors import ConversionError
from converter.flatbuffer import read_flatbuffer
from converter.preflight import preflight
from converter.targets import TARGETS

ROOT = Path(__file__).parents[2]
TINY_INT8 = (ROOT / "tests/data/tiny_int8.tflite").read_bytes()
PROBE = (ROOT / "edge_runtime/probe.tflite").read_bytes()
MODELS = [
    *sorted((ROOT / "tests/data").glob("tiny_*.tflite")),
    *sorted((ROOT / "models").glob("*.tflite")),
]

EditTflite = Callable[[bytes, Callable[[Any], None]], bytes]


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_tensors_are_those_that_the_runtime_sees(path: Path) -> None:
    from ai_edge_litert.interpreter import Interpreter

    model = read_flatbuffer(path.read_bytes())
    interpreter = Interpreter(model_path=str(path), num_threads=1)
    details = {item["name"]: item for item in interpreter.get_tensor_details()}
    for tensor in model.tensors:
        seen = details[tensor.name]
        assert tensor.shape == tuple(seen["shape"])
        assert tensor.dtype == np.dtype(seen["dtype"]).name
        scales = tensor.quantisation.scales if tensor.quantisation else ()
        assert scales == pytest.approx(seen["quantization_parameters"]["scales"])
    assert [t.name for t in model.inputs] == [d["name"] for d in interpreter.get_input_details()]
    assert [t.name for t in model.outputs] == [d["name"] for d in interpreter.get_output_details()]


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_operators_run_in_the_order_of_the_runtime(path: Path) -> None:
    from ai_edge_litert.interpreter import Interpreter

    operators = read_flatbuffer(path.read_bytes()).operators
    # Without XNNPACK, which would put its own operator in.
    interpreter = Interpreter(
        model_path=str(path),
        experimental_op_resolver_type=_builtin_resolver(),
    )
    assert [o.name for o in operators] == [o["op_name"] for o in interpreter._get_ops_details()]


def _builtin_resolver() -> Any:
    from ai_edge_litert.interpreter import OpResolverType

    return OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES


def test_operators_have_their_versions_constants_and_ranges() -> None:
    model = read_flatbuffer(TINY_INT8)
    assert [(o.name, o.version) for o in model.operators] == [
        *[("QUANTIZE", 1), ("CONV_2D", 3), ("MEAN", 2), ("DEQUANTIZE", 2), ("FULLY_CONNECTED", 1)]
    ]
    weights = model.operators[1].inputs[1]
    assert weights is not None
    assert weights.quantisation is not None
    assert weights.quantisation.per_channel
    assert weights.constant_bytes == np.prod(weights.shape)
    assert all(tensor.data is None for tensor in (*model.inputs, *model.outputs))


def test_macs_are_counted_by_hand() -> None:
    model = read_flatbuffer(TINY_INT8)
    convolution, dense = model.operators[1], model.operators[4]
    _, height, width, filters = convolution.outputs[0].shape
    weights = convolution.inputs[1]
    assert weights is not None
    assert convolution.macs == height * width * filters * np.prod(weights.shape[1:])
    assert dense.macs == filters
    assert model.macs == convolution.macs + dense.macs


@pytest.mark.real_data
def test_macs_of_depthwise_convolutions_are_those_that_were_published(real_data: Path) -> None:
    # arXiv 1801.04381: 300 million for MobileNet v2.
    model = read_flatbuffer((real_data / "coral/mobilenet_v2_1.0_224_quant.tflite").read_bytes())
    assert model.macs == pytest.approx(300e6, rel=0.01)


def test_an_archive_behind_the_flatbuffer_changes_nothing() -> None:
    assert read_flatbuffer(TINY_INT8 + b"PK\x05\x06" + b"\0" * 18) == read_flatbuffer(TINY_INT8)


def test_constants_outside_the_flatbuffer_are_found(edit_tflite: EditTflite) -> None:
    weights = next(t for o in read_flatbuffer(PROBE).operators for t in o.inputs if t and t.data)
    data = bytes(weights.data or b"")

    def move_out(offset: int) -> Callable[[Any], None]:
        def change(model: Any) -> None:
            for buffer in model.buffers:
                if buffer.data is not None and bytes(buffer.data) == data:
                    buffer.data, buffer.offset, buffer.size = None, offset, len(data)

        return change

    # The offsets are stored numbers: both packings are of one length.
    length = len(edit_tflite(PROBE, move_out(12345)))
    moved = edit_tflite(PROBE, move_out(length))
    found = [t for t in read_flatbuffer(moved + data).tensors if t.name == weights.name]
    assert [bytes(t.data or b"") for t in found] == [data]
    with pytest.raises(ConversionError, match=f"constant data up to byte {length + len(data)}"):
        read_flatbuffer(moved)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04" * 9, b"\0" * 100], ids=repr)
def test_another_file_is_refused_by_its_identifier(content: bytes) -> None:
    with pytest.raises(ConversionError, match="identifier TFL3") as caught:
        read_flatbuffer(content)
    assert re.search(r"Received: .*Name a TFLite model", str(caught.value))


def test_every_cut_of_a_file_is_refused_or_read_as_a_whole() -> None:
    whole = read_flatbuffer(PROBE)
    for length in range(len(PROBE)):
        try:
            cut = read_flatbuffer(PROBE[:length])
        except ConversionError:
            continue
        assert cut == whole  # only padding was lost


@given(
    st.lists(
        st.tuples(st.integers(0, len(TINY_INT8) - 4), st.binary(min_size=1, max_size=4)),
        min_size=1,
        max_size=6,
    )
)
@example([(0, b"\xff\xff\xff\xff")])
@example([(0, b"\0\0\0\0")])
def test_damaged_bytes_are_refused_or_read_and_never_crash(edits: list[tuple[int, bytes]]) -> None:
    damaged = bytearray(TINY_INT8)
    for place, patch in edits:
        damaged[place : place + len(patch)] = patch
    with contextlib.suppress(ConversionError):
        model = read_flatbuffer(bytes(damaged))
        for target in TARGETS.values():
            assert preflight(model, target).operators == len(model.operators)
