"""Operator versions: what runtimes register, and what a file's tensors call for."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from converter.flatbuffer import read_flatbuffer
from converter.operator_versions import needed_version
from converter.registered_versions import newest_version
from edge_runtime.native_output import native_output_hidden

ROOT = Path(__file__).parents[2]
PROBE = (ROOT / "edge_runtime/probe.tflite").read_bytes()
WRITTEN_BY_TENSORFLOW = [
    *(ROOT / "edge_runtime").glob("*.tflite"),
    *sorted((ROOT / "tests/data").glob("tiny_*.tflite")),
    *sorted((ROOT / "models").glob("*.tflite")),
]

EditTflite = Callable[[bytes, Callable[[Any], None]], bytes]


@pytest.mark.parametrize("path", WRITTEN_BY_TENSORFLOW, ids=lambda path: path.stem)
def test_files_of_tensorflow_need_just_what_is_written(path: Path) -> None:
    operators = read_flatbuffer(path.read_bytes()).operators
    assert [needed_version(o) for o in operators] == [o.version for o in operators]


@pytest.mark.real_data
def test_older_uint8_files_need_just_what_is_written(real_data: Path) -> None:
    for path in sorted((real_data / "coral").glob("*.tflite")):
        operators = read_flatbuffer(path.read_bytes()).operators
        assert [needed_version(o) for o in operators] == [o.version for o in operators]


def hybrid(rows: int) -> Callable[[Any], None]:
    """Makes the dense layer's weights int8 with a scale a row, as dynamic range does."""

    def change(model: Any) -> None:
        from ai_edge_litert import schema_py_generated as schema

        graph = model.subgraphs[0]
        weights = graph.tensors[graph.operators[0].inputs[1]]
        weights.type, weights.shape = schema.TensorType.INT8, [rows, 2]
        weights.quantization = schema.QuantizationParametersT()
        weights.quantization.scale = [0.1] * rows
        weights.quantization.zeroPoint = [0] * rows

    return change


@pytest.mark.parametrize(("rows", "version"), [(1, 3), (4, 12)])
def test_a_dense_layer_of_dynamic_range_needs_version_12_per_channel(
    edit_tflite: EditTflite, rows: int, version: int
) -> None:
    (dense,) = read_flatbuffer(edit_tflite(PROBE, hybrid(rows))).operators
    assert (dense.version, needed_version(dense)) == (1, version)


def test_what_the_quantizer_writes_is_found_too_low(tmp_path: Path) -> None:
    quantizer = pytest.importorskip("ai_edge_quantizer", reason="needs the convert extra")
    source = ROOT / "tests/data/tiny_float32.tflite"
    made = quantizer.Quantizer(str(source), quantizer.recipe.dynamic_wi8_afp32()).quantize()
    made.export_model(str(tmp_path / "made.tflite"))
    operators = read_flatbuffer((tmp_path / "made.tflite").read_bytes()).operators
    low = {(o.name, o.version, needed_version(o)) for o in operators} - {("MEAN", 1, 1)}
    assert ("CONV_2D", 1, 5) in low


@pytest.mark.parametrize(
    ("module", "package", "runtime"),
    [
        ("ai_edge_litert.interpreter", "ai-edge-litert", "litert-2.3"),
        ("tflite_runtime.interpreter", "tflite-runtime", "tflite-runtime-2.14"),
    ],
)
def test_the_table_is_what_the_installed_runtime_loads(
    edit_tflite: EditTflite, module: str, package: str, runtime: str
) -> None:
    from importlib.metadata import version

    from ai_edge_litert import schema_py_generated as schema

    interpreter = pytest.importorskip(module).Interpreter
    if not version(package).startswith(runtime.rpartition("-")[2]):
        pytest.skip(f"{package} {version(package)} is another one than the table's")

    def loads(number: int, wanted: int) -> bool:
        def declare(model: Any) -> None:
            code = schema.OperatorCodeT()
            code.builtinCode, code.deprecatedBuiltinCode = number, min(number, 127)
            code.version = wanted
            model.operatorCodes.append(code)

        try:
            with native_output_hidden():
                interpreter(model_content=edit_tflite(PROBE, declare), num_threads=1)
        except ValueError:
            return False
        return True

    numbers = {n: v for n, v in vars(schema.BuiltinOperator).items() if isinstance(v, int)}
    for name, number in numbers.items():
        newest = newest_version(runtime, name)
        assert not newest or loads(number, newest), name
        assert not loads(number, newest + 1), name
