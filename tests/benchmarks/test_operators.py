"""Time by operator: files that end earlier compute what the whole one computes up to there."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from typer.testing import CliRunner

from benchmarks.cli import app
from benchmarks.operator_blocks import blocks_of, ended_after
from benchmarks.operator_results import read_operators
from converter.errors import ConversionError
from converter.flatbuffer import read_flatbuffer
from converter.flatbuffer_edit import pack_flatbuffer, unpack_flatbuffer
from converter.tensor_reader import TensorReader
from edge_runtime.errors import InputError
from edge_runtime.interpreter import load_runner

TINY = Path(__file__).parents[1] / "data"
FILES = ("tiny_float32", "tiny_int8", "two_layers_float32")


def path_of(name: str) -> Path:
    return TINY / f"{name}.tflite"


def pixels() -> npt.NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, (32, 32, 3), np.uint8)


def run_command(*words: object) -> Any:
    return CliRunner().invoke(app, ["operators", *map(str, words)])


@pytest.mark.parametrize("name", FILES)
def test_blocks_hold_every_operator_once(name: str) -> None:
    content = path_of(name).read_bytes()
    blocks, operators = blocks_of(content), read_flatbuffer(content).operators
    assert [block.last for block in blocks] == list(range(len(operators)))
    assert [block.operators for block in blocks] == [f"1 {one.name}" for one in operators]
    assert sum(block.macs for block in blocks) == sum(one.macs for one in operators)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_ends_earlier_computes_the_same_up_to_there(name: str, tmp_path: Path) -> None:
    content, file = path_of(name).read_bytes(), tmp_path / "ended.tflite"
    whole = TensorReader(path_of(name))
    whole.run(pixels())
    for block, operator in zip(blocks_of(content), read_flatbuffer(content).operators, strict=True):
        file.write_bytes(ended_after(content, block.last))
        assert len(read_flatbuffer(file.read_bytes()).operators) == block.last + 1
        runner = load_runner(file, optimized=False)
        output = runner.run(pixels()[None].astype(runner.input.dtype)).astype(np.float64)
        spec = runner.output
        real = (output - spec.zero_point) * spec.scale if spec.scale else output
        expected = whole.read(operator.outputs[0].name)
        assert real == pytest.approx(expected, abs=1e-4)


def test_branches_up_to_where_they_are_joined_are_one_block() -> None:
    model = unpack_flatbuffer(path_of("two_layers_float32").read_bytes())
    operators = model.subgraphs[0].operators
    # The last operator needs the first one's output too, as a shortcut past the others does.
    operators[-1].inputs = np.array([*operators[-1].inputs, operators[0].outputs[0]], np.int32)
    blocks = blocks_of(pack_flatbuffer(model, 1 << 16))
    assert [block.operators for block in blocks] == [
        "1 CONV_2D",
        "1 CONV_2D, 1 MEAN, 1 FULLY_CONNECTED",
    ]


def test_times_add_up_to_the_whole_and_are_drawn(tmp_path: Path) -> None:
    out = tmp_path / "out"
    files = [path_of("tiny_float32"), path_of("tiny_int8")]
    result = run_command(*files, "--rounds", 1, "--queries", 3, "--out", out)
    assert result.exit_code == 0, result.output
    results = read_operators(out)
    assert [times.file for times in results.files] == [file.name for file in files]
    for times in results.files:
        assert sum(block.ms for block in times.blocks) == pytest.approx(times.whole_ms)
    assert all(kind in result.output for kind in ("CONV_2D", "FULLY_CONNECTED", "QUANTIZE"))
    with Image.open(out / "operators.png") as image:
        image.verify()


def test_json_on_stdout_is_what_the_file_holds(tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = ("--rounds", 1, "--queries", 1, "--out", out, "--json")
    result = run_command(path_of("tiny_int8"), *options)
    assert json.loads(result.stdout) == json.loads(
        (out / "operators.json").read_text(encoding="utf-8")
    )


def test_what_cannot_be_measured_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "no.tflite").write_bytes(b"    TFL3 no model")
    result = run_command(tmp_path / "no.tflite", "--out", tmp_path / "out")
    assert isinstance(result.exception, ConversionError)
    assert result.exception.exit_code == 6
    assert [path.name for path in tmp_path.iterdir()] == ["no.tflite"]


@pytest.mark.real_data
def test_a_file_for_the_edge_tpu_is_refused(real_data: Path) -> None:
    file = real_data / "coral" / "mobilenet_v1_0.25_128_quant_edgetpu.tflite"
    with pytest.raises(ConversionError, match="edgetpu-custom-op"):
        blocks_of(file.read_bytes())


def test_other_files_are_no_operator_times(tmp_path: Path) -> None:
    (tmp_path / "operators.json").write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match="what melanoma-bench operators wrote"):
        read_operators(tmp_path)
