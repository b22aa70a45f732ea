"""What a fresh process loads: the edge stays light, and heavy packages come only when used."""

import json
import subprocess
import sys

import pytest

NEVER_ON_THE_EDGE = ("tensorflow", "keras", "matplotlib", "sklearn", "scipy", "pandas")
ONLY_WHEN_USED = ("ai_edge_litert", "tflite_runtime", "cv2", "picamera2", "rich")
# Parts of Pillow that show pictures, which a device does not.
PILLOW_EXTRAS = ("PIL.ImageFont", "PIL.ImageTk", "PIL.ImageQt", "PIL.ImageShow", "PIL.ImageGrab")

LIST_MODULES = "import json, sys; {}; sys.stdout.write(json.dumps(sorted(sys.modules)))"


def modules_after(statement: str) -> set[str]:
    """Names of the modules that a fresh process has loaded after a statement."""
    command = [sys.executable, "-W", "error", "-c", LIST_MODULES.format(statement)]
    finished = subprocess.run(command, capture_output=True, text=True, check=True)
    assert finished.stderr == ""
    return set(json.loads(finished.stdout))


def packages(modules: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules}


ALL_COMMANDS = "from edge_runtime.cli import make_app; make_app([])"


@pytest.mark.parametrize("statement", ["import edge_runtime", ALL_COMMANDS])
def test_importing_the_edge_loads_nothing_heavy(statement: str) -> None:
    loaded = modules_after(statement)
    assert "edge_runtime" in loaded
    assert packages(loaded).isdisjoint((*NEVER_ON_THE_EDGE, *ONLY_WHEN_USED))
    assert loaded.isdisjoint(PILLOW_EXTRAS)


def test_a_command_loads_nothing_that_others_alone_need() -> None:
    loaded = modules_after("from edge_runtime.cli import make_app; make_app(['image', 'a.jpg'])")
    assert {"edge_runtime.image_command", "edge_runtime.classifier"} <= loaded
    others = ("camera_command", "journal", "service", "doctor")
    assert loaded.isdisjoint(f"edge_runtime.{name}" for name in others)
    # A tenth of the start each, and found out with the other commands only.
    assert loaded.isdisjoint({"sqlite3", "importlib.metadata", "statistics"})


def test_the_library_needs_only_numpy_pillow_and_the_standard_library() -> None:
    contract = (
        *("card", "embed", "golden", "labels", "manifest", "operating_point"),
        *("preprocess", "quantization", "schema"),
    )
    modules = ", ".join(f"edge_runtime.contract.{name}" for name in contract)
    loaded = packages(modules_after(f"import edge_runtime, {modules}"))
    brought = loaded - packages(modules_after("pass")) - set(sys.stdlib_module_names)
    # numpy's compiled parts register modules of Cython's.
    assert {name for name in brought if "cython" not in name} == {"edge_runtime", "numpy", "PIL"}


def test_assessing_a_picture_loads_no_training_package() -> None:
    loaded = modules_after("from edge_runtime.interpreter import choose_runtime; choose_runtime()")
    assert packages(loaded).isdisjoint(NEVER_ON_THE_EDGE)
    assert packages(loaded) & {"ai_edge_litert", "tflite_runtime"}


@pytest.mark.parametrize("package", ["trainer", "converter", "benchmarks"])
def test_help_of_the_other_commands_needs_nothing_heavy_either(package: str) -> None:
    loaded = modules_after(f"import {package}.cli")
    assert packages(loaded).isdisjoint((*NEVER_ON_THE_EDGE, *ONLY_WHEN_USED))
