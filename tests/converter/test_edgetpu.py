"""Compiling for the Edge TPU, with a stand-in on the PATH that behaves as the compiler does."""

import dataclasses
import os
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from converter.edgetpu import CompiledModel, compile_for_edgetpu, compiler_problem
from converter.errors import ConversionError, EdgeTpuCompileError
from edge_runtime.contract.card import ModelCard
from edge_runtime.contract.embed import SealedModel, open_sealed

ROOT = Path(__file__).parents[2]
TINY_INT8 = (ROOT / "tests/data/tiny_int8.tflite").read_bytes()

STAND_IN = '''#!{python}
import os, subprocess, sys, time
from pathlib import Path

options = sys.argv[1:]
folder, source = Path(options[options.index("-o") + 1]), Path(options[-1])
mode, compiled = os.environ["STAND_IN"], Path(os.environ["STAND_IN_MODEL"])
print("Edge TPU Compiler version 16.0.384591198")
print("Started a compilation timeout timer of 180 seconds.", flush=True)
if mode == "hang":
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    compiled.with_name("child").write_text(str(child.pid))
    time.sleep(600)
if mode == "internal error":
    print("Internal compiler error. Aborting!", file=sys.stderr)
    sys.exit(1)
if mode == "version":
    print("ERROR: Didn't find op for builtin opcode 'CONV_2D' version '6'.")
    print("ERROR: Registration failed.")
    print("Invalid model: model.tflite")
    sys.exit(1)
left = {{"partial": 3, "one left": 1, "mapped": 0}}.get(mode, 0)
table = """
Operator                       Count      Status

QUANTIZE                       1          Mapped to Edge TPU
CONV_2D                        {{}}          Mapped to Edge TPU
""".format(18 - left)
if left:
    table += f"DEQUANTIZE                     {{left}}          "
    table += "Operation is working on an unsupported data type\\n"
output = folder / (source.stem + "_edgetpu.tflite")
print("Model compiled successfully in 14 ms.\\n")
print(f"Input model: {{source}}\\nOutput model: {{output}}")
print("On-chip memory used for caching model parameters: 3.33MiB")
print("Total number of operations: 19\\n" + table)
print("Compilation child process completed within timeout period.\\nCompilation succeeded!")
(folder / (source.stem + "_edgetpu.log")).write_text("Edge TPU Compiler version 16.0\\n" + table)
output.write_bytes(source.read_bytes() if mode == "nothing mapped" else compiled.read_bytes())
'''

EditTflite = Callable[[bytes, Callable[[Any], None]], bytes]
Compile = Callable[..., CompiledModel]


def as_compiled(model: Any) -> None:
    code = model.operatorCodes[0]
    code.builtinCode = code.deprecatedBuiltinCode = 32
    code.customCode = b"edgetpu-custom-op"


@pytest.fixture
def edgetpu_card(sealed_model: Callable[..., SealedModel]) -> SealedModel:
    """A sealed file whose card asks for the Edge TPU."""
    return sealed_model("int8", variant="edgetpu", requires_delegate="edgetpu")


@pytest.fixture
def compile_as(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    edit_tflite: EditTflite,
    edgetpu_card: SealedModel,
) -> Compile:
    """Compiles with a stand-in that acts as told: ``compile_as("mapped", **options)``."""
    programs = tmp_path / "bin"
    programs.mkdir()
    program = programs / "edgetpu_compiler"
    program.write_text(STAND_IN.format(python=sys.executable))
    program.chmod(0o755)
    compiled = tmp_path / "compiled.tflite"
    compiled.write_bytes(edit_tflite(TINY_INT8, as_compiled))
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("STAND_IN_MODEL", str(compiled))

    def compile_it(mode: str, **options: Any) -> CompiledModel:
        monkeypatch.setenv("STAND_IN", mode)
        return compile_for_edgetpu(
            edgetpu_card.path.read_bytes(),
            options.pop("card", edgetpu_card.card),
            edgetpu_card.golden,
            log_path=tmp_path / "model.log",
            **options,
        )

    return compile_it


def log_of(tmp_path: Path) -> str:
    return (tmp_path / "model.log").read_text()


def test_a_compiled_model_gets_its_card_back(
    compile_as: Compile, edgetpu_card: SealedModel, tmp_path: Path
) -> None:
    made = compile_as("mapped")
    assert (made.mapped, made.operators, made.compiler_version) == (19, 19, "16.0.384591198")
    bare = tmp_path / "compiled.tflite"
    assert not zipfile.is_zipfile(bare)  # the compiler drops what lay behind the flatbuffer
    (tmp_path / "made.tflite").write_bytes(made.content)
    opened = open_sealed(tmp_path / "made.tflite")
    assert opened.golden == edgetpu_card.golden
    assert opened.card.model_sha256 != edgetpu_card.card.model_sha256
    assert made.content.startswith(bare.read_bytes())
    assert dataclasses.replace(opened.card, model_sha256="0" * 64) == dataclasses.replace(
        edgetpu_card.card, model_sha256="0" * 64
    )


def test_what_the_compiler_printed_is_kept(compile_as: Compile, tmp_path: Path) -> None:
    made = compile_as("mapped")
    assert made.log_path == tmp_path / "model.log"
    assert "On-chip memory used" in log_of(tmp_path)
    assert [p.name for p in tmp_path.glob("*.partial")] == []


def test_a_small_rest_on_the_processor_is_allowed_and_counted(compile_as: Compile) -> None:
    made = compile_as("one left")
    assert (made.mapped, made.operators) == (18, 19)


def test_too_small_a_share_is_refused_with_the_first_reason(
    compile_as: Compile, tmp_path: Path
) -> None:
    with pytest.raises(EdgeTpuCompileError, match="16 of 19; 3 DEQUANTIZE") as caught:
        compile_as("partial")
    assert "unsupported data type" in str(caught.value)
    assert str(tmp_path / "model.log") in str(caught.value)
    assert compile_as("partial", minimum_share=0.8).mapped == 16


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("internal error", "Internal compiler error"),
        ("version", "Didn't find op for builtin opcode 'CONV_2D' version '6'"),
    ],
)
def test_a_failure_is_named_in_the_compilers_words(
    compile_as: Compile, tmp_path: Path, mode: str, said: str
) -> None:
    with pytest.raises(EdgeTpuCompileError) as caught:
        compile_as(mode)
    assert said in str(caught.value)
    assert caught.value.exit_code == 6
    assert said in log_of(tmp_path)


def test_a_file_without_the_custom_operator_is_no_success(compile_as: Compile) -> None:
    with pytest.raises(EdgeTpuCompileError, match="nothing was mapped"):
        compile_as("nothing mapped")


def test_a_hang_ends_with_all_that_it_started(compile_as: Compile, tmp_path: Path) -> None:
    with pytest.raises(EdgeTpuCompileError, match="to end within 3 s"):
        compile_as("hang", timeout_s=3)
    assert "timeout timer" in log_of(tmp_path)
    child = int((tmp_path / "child").read_text())
    deadline = time.monotonic() + 10
    while _runs(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _runs(child)


def _runs(process: int) -> bool:
    status = Path(f"/proc/{process}/stat")
    try:
        return status.read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


def test_without_a_compiler_the_message_says_how_to_get_it(
    compile_as: Compile, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    assert compiler_problem() is not None
    with pytest.raises(EdgeTpuCompileError) as caught:
        compile_as("mapped")
    for words in ("64-bit x86", "apt-get install edgetpu-compiler", "Received: none"):
        assert words in str(caught.value)


def test_a_compiler_that_cannot_start_is_named(compile_as: Compile, tmp_path: Path) -> None:
    (tmp_path / "bin/edgetpu_compiler").write_text("#!/no/such/program\n")
    with pytest.raises(EdgeTpuCompileError, match="to start"):
        compile_as("mapped")


def test_a_card_for_the_processor_is_refused(
    compile_as: Compile, tiny_card: Callable[[str], ModelCard]
) -> None:
    with pytest.raises(ConversionError, match="requires_delegate='cpu'"):
        compile_as("mapped", card=tiny_card("int8"))
