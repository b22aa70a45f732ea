"""The runtimes: each proves itself before it is used, and files that it cannot run are named."""

import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from unittest.mock import MagicMock

import numpy as np
import numpy.typing as npt
import pytest

from edge_runtime.contract.embed import SealedModel
from edge_runtime.contract.quantization import TensorSpec
from edge_runtime.errors import (
    DelegateUnavailableError,
    RuntimeUnavailableError,
    TensorMismatchError,
)
from edge_runtime.interpreter import RUNTIMES, choose_runtime, load_runner, probe_runtime
from edge_runtime.self_test import logit_of

Seal = Callable[..., SealedModel]
Draw = Callable[..., npt.NDArray[np.uint8]]

TINY_INT8 = Path(__file__).parents[1] / "data" / "tiny_int8.tflite"

# What the library of the Edge TPU does while no Coral is plugged in.
LIBRARY_WITHOUT_DEVICE = """
#include <stddef.h>
typedef void (*report_t)(const char *);
void *tflite_plugin_create_delegate(char **k, char **v, size_t n, report_t report) {
  report("no device");
  return NULL;
}
void tflite_plugin_destroy_delegate(void *delegate) {}
"""
LOAD_FOR_EDGETPU = """
import sys
from pathlib import Path
from types import ModuleType
from edge_runtime.errors import DelegateUnavailableError
from edge_runtime.interpreter import load_runner
try:
    load_runner(Path(sys.argv[1]), delegate="edgetpu")
except DelegateUnavailableError as error:
    sys.exit(f"{error.exit_code} {error}")
"""


def working() -> list[str]:
    return [name for name in RUNTIMES if probe_runtime(name).problem is None]


def absent() -> list[str]:
    return [name for name in RUNTIMES if probe_runtime(name).version is None]


def test_one_runtime_works_here_and_is_chosen() -> None:
    status = choose_runtime()
    assert status.name == working()[0]
    assert status.problem is None
    assert status.version == importlib.metadata.version(status.name)
    assert choose_runtime(status.name) == status


@pytest.mark.parametrize("name", RUNTIMES)
def test_a_runtime_either_computes_the_probe_or_says_why_not(name: str) -> None:
    status = probe_runtime(name)
    assert status.name == name
    if status.version is None:
        assert status.problem == "not installed"


def test_an_absent_runtime_is_refused_with_the_command_that_installs_it(
    tiny_flatbuffer: Path,
) -> None:
    if not absent():
        pytest.skip("every runtime is installed here")
    name = absent()[0]
    command = {"ai-edge-litert": "ai-edge-litert", "tflite-runtime": r".*\[tflite-runtime\]"}
    with pytest.raises(RuntimeUnavailableError, match=f"pip install .?{command[name]}") as caught:
        load_runner(tiny_flatbuffer, runtime=name)
    assert "not installed" in str(caught.value)


def test_without_a_working_runtime_both_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("ai_edge_litert.interpreter", "tflite_runtime.interpreter"):
        monkeypatch.setitem(sys.modules, module, None)  # the import fails, as in a broken install
    with pytest.raises(RuntimeUnavailableError) as caught:
        choose_runtime()
    assert all(f"{name}: " in str(caught.value) for name in RUNTIMES)
    assert "pip install ai-edge-litert" in str(caught.value)
    assert caught.value.exit_code == 5


def test_a_runtime_that_computes_something_else_is_not_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = working()[0]
    module = f"{name.replace('-', '_')}.interpreter"
    broken = MagicMock()
    broken.Interpreter.return_value.get_tensor.return_value = np.array([[12.0]], np.float32)
    monkeypatch.setitem(sys.modules, module, broken)
    assert probe_runtime(name).problem == "computed 12.0 where 11.5 is right"


@pytest.mark.parametrize("name", RUNTIMES)
def test_a_folder_of_that_name_is_no_runtime(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = ModuleType(name.replace("-", "_"))
    folder.__spec__ = ModuleSpec(folder.__name__, None, is_package=True)
    monkeypatch.setitem(sys.modules, folder.__name__, folder)

    def absent(_: str) -> str:
        raise importlib.metadata.PackageNotFoundError

    monkeypatch.setattr(importlib.metadata, "version", absent)
    status = probe_runtime(name)
    assert (status.version, status.problem) == (None, "not installed")


@pytest.mark.skipif(np.__version__.startswith("1."), reason="this numpy suits tflite-runtime")
def test_tflite_runtime_is_not_tried_with_a_numpy_that_crashes_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    installed = ModuleType("tflite_runtime")
    installed.__spec__ = ModuleSpec("tflite_runtime", None)
    monkeypatch.setitem(sys.modules, "tflite_runtime", installed)
    monkeypatch.setattr(importlib.metadata, "version", lambda _: "2.14.0")
    assert probe_runtime("tflite-runtime").problem == (
        f'needs numpy 1, found {np.__version__}: pip install "numpy<2"'
    )


@pytest.mark.parametrize("optimized", [True, False])
def test_a_model_is_loaded_with_its_tensors_and_computes(
    tiny_flatbuffer: Path, lesion: Draw, optimized: bool
) -> None:
    runner = load_runner(tiny_flatbuffer, optimized=optimized, threads=2)
    dtype, scale = ("uint8", 1.0) if "int8" in tiny_flatbuffer.name else ("float32", 0.0)
    assert runner.input == TensorSpec(dtype=dtype, shape=(1, 32, 32, 3), scale=scale, zero_point=0)
    assert runner.output.shape == (1, 1)
    assert runner.info.runtime.split() == [choose_runtime().name, choose_runtime().version]
    assert (runner.info.delegate, runner.info.threads) == ("cpu", 2)
    assert np.isfinite(logit_of(runner, lesion(32, 32)))


def test_kernel_families_tell_whose_rounding_applies(tiny_flatbuffer: Path) -> None:
    litert = choose_runtime().name == "ai-edge-litert"
    assert load_runner(tiny_flatbuffer).info.kernel_family == ("xnnpack" if litert else "builtin")
    assert load_runner(tiny_flatbuffer, optimized=False).info.kernel_family == "builtin"


@pytest.mark.skipif(platform.machine() != "x86_64", reason="recorded with the kernels of x86-64")
def test_without_xnnpack_both_runtimes_round_int8_alike() -> None:
    pixels = (np.random.default_rng(0).integers(0, 256, (32, 32, 3)) // 4).astype(np.uint8)
    runner = load_runner(TINY_INT8, optimized=False)
    # ai-edge-litert 2.3 and tflite-runtime 2.14 both give this; XNNPACK gives −3.274.
    assert logit_of(runner, pixels) == pytest.approx(-3.2906, abs=1e-3)


@pytest.mark.parametrize("content", [b"", b"no model at all", b"\x1c\0\0\0TFL3" + bytes(100)])
def test_a_file_that_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(content)
    with pytest.raises(TensorMismatchError, match=r"Received: 'model\.tflite'"):
        load_runner(path)


def test_a_missing_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TensorMismatchError):
        load_runner(tmp_path / "missing.tflite")


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler here")
@pytest.mark.skipif(sys.platform != "linux", reason="finds libraries in another way")
def test_the_edge_tpu_library_without_a_device_says_to_plug_it_in(
    tmp_path: Path, tiny_flatbuffer: Path
) -> None:
    source, library = tmp_path / "stub.c", tmp_path / "libedgetpu.so.1"
    source.write_text(LIBRARY_WITHOUT_DEVICE)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", LOAD_FOR_EDGETPU, tiny_flatbuffer],
        env={**os.environ, "LD_LIBRARY_PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.stderr.startswith("5 expected an Edge TPU that libedgetpu.so.1 can drive")
    assert "no device" in result.stderr
    assert "Plug in the Coral" in result.stderr


@pytest.mark.real_data
def test_a_model_compiled_for_the_edge_tpu_says_so(real_data: Path) -> None:
    path = real_data / "coral" / "mobilenet_v1_0.25_128_quant_edgetpu.tflite"
    with pytest.raises(DelegateUnavailableError, match="compiled for one"):
        load_runner(path)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "side"), [("mobilenet_v2_1.0_224_quant", 224), ("mobilenet_v1_0.25_128_quant", 128)]
)
def test_models_that_others_made_run(real_data: Path, name: str, side: int) -> None:
    runner = load_runner(real_data / "coral" / f"{name}.tflite")
    output = runner.run(np.full((1, side, side, 3), 128, np.uint8))
    assert runner.input.dtype == "uint8"
    assert output.shape == runner.output.shape == (1, 1001)
    assert output.dtype == np.uint8
