"""Each kind of failure of ``melanoma-edge`` has its exit code and one message that helps."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_runtime.contract.embed import SealedModel
from edge_runtime.delegates import edgetpu_library_problem
from edge_runtime.interpreter import RUNTIMES, probe_runtime

Finished = subprocess.CompletedProcess[str]
Run = Callable[..., Finished]
Seal = Callable[..., SealedModel]
Save = Callable[..., Path]


def require_one_message(finished: Finished, exit_code: int) -> str:
    """The message on stderr, once it is known that nothing else was shown."""
    assert finished.returncode == exit_code
    assert finished.stdout == ""
    assert finished.stderr.startswith("error: expected ")
    assert finished.stderr.count("\n") == 1
    assert "Received: " in finished.stderr
    return finished.stderr


@pytest.mark.parametrize("part", ["card", "model"])
def test_a_changed_byte_of_the_file_is_refused(
    melanoma_edge: Run, sealed_model: Seal, picture: Save, part: str
) -> None:
    path = sealed_model().path
    content = bytearray(path.read_bytes())
    content[content.index(b'"threshold"') + 14 if part == "card" else 1000] ^= 1
    path.write_bytes(content)
    message = require_one_message(melanoma_edge("image", picture(), "--model", path), 3)
    assert f"the {part}" in message


def test_a_model_without_a_card_is_refused(
    melanoma_edge: Run, picture: Save, tiny_flatbuffer: Path
) -> None:
    finished = melanoma_edge("image", picture(), "--model", tiny_flatbuffer)
    assert "melanoma-convert" in require_one_message(finished, 3)


@pytest.mark.real_data
@pytest.mark.parametrize("edgetpu", ["", "_edgetpu"])
def test_a_model_that_others_made_is_refused(
    melanoma_edge: Run, picture: Save, real_data: Path, edgetpu: str
) -> None:
    path = real_data / "coral" / f"mobilenet_v1_0.25_128_quant{edgetpu}.tflite"
    assert "card" in require_one_message(melanoma_edge("image", picture(), "--model", path), 3)


def test_a_missing_model_or_a_folder_in_its_place_is_refused(
    melanoma_edge: Run, picture: Save, tmp_path: Path
) -> None:
    for path in (tmp_path / "missing.tflite", tmp_path):
        finished = melanoma_edge("image", picture(), "--model", path)
        assert "Check the path" in require_one_message(finished, 3)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_model_that_may_not_be_read_is_refused_as_a_missing_one(
    melanoma_edge: Run, sealed_model: Seal, picture: Save
) -> None:
    path = sealed_model().path
    path.chmod(0)
    finished = melanoma_edge("image", picture(), "--model", path)
    assert "Permission denied" in require_one_message(finished, 3)


def test_an_empty_folder_and_a_missing_picture_are_told_apart(
    melanoma_edge: Run, sealed_model: Seal, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    model = sealed_model().path
    empty = melanoma_edge("image", tmp_path / "empty", "--model", model, "--json")
    missing = melanoma_edge("image", tmp_path / "missing.jpg", "--model", model, "--json")
    assert "Name another folder" in require_one_message(empty, 4)
    assert missing.returncode == 4
    assert "no such file" in json.loads(missing.stdout)["error"]


def test_a_device_that_lacks_what_the_model_needs_is_told(
    melanoma_edge: Run, sealed_model: Seal, picture: Save
) -> None:
    if edgetpu_library_problem() is None:
        pytest.skip("the Edge TPU library is installed here")
    path = sealed_model("int8", variant="edgetpu", requires_delegate="edgetpu").path
    finished = melanoma_edge("image", picture(), "--model", path)
    assert "https://coral.ai" in require_one_message(finished, 5)


def test_an_absent_runtime_is_told_with_its_install_command(
    melanoma_edge: Run, sealed_model: Seal, picture: Save
) -> None:
    absent = [name for name in RUNTIMES if probe_runtime(name).version is None]
    if not absent:
        pytest.skip("every runtime is installed here")
    model = sealed_model().path
    finished = melanoma_edge("image", picture(), "--model", model, "--runtime", absent[0])
    assert "pip install" in require_one_message(finished, 5)


@pytest.mark.parametrize("place", [0, 1, 4])
def test_debug_anywhere_adds_the_traceback_and_keeps_the_exit_code(
    melanoma_edge: Run, picture: Save, tmp_path: Path, place: int
) -> None:
    arguments: list[str | Path] = ["image", picture(), "--model", tmp_path / "missing.tflite"]
    finished = melanoma_edge(*arguments[:place], "--debug", *arguments[place:])
    assert finished.returncode == 3
    assert "CardMissingError: expected a readable model file" in finished.stderr


@pytest.mark.parametrize(
    "wrong",
    [
        ["image"],
        ["image", "a.jpg", "--model", "m.tflite", "--runtime", "tensorflow"],
        ["image", "a.jpg", "--model", "m.tflite", "--delegate", "gpu"],
        ["image", "a.jpg", "--model", "m.tflite", "--threads", "0"],
        ["classify"],
        ["doctor", "--yaml"],
    ],
)
def test_wrong_use_ends_with_2_and_says_what_is_known(melanoma_edge: Run, wrong: list[str]) -> None:
    finished = melanoma_edge(*wrong)
    assert finished.returncode == 2
    assert finished.stdout == ""
    assert "Usage: " in finished.stderr


@pytest.mark.parametrize("command", [[], ["image"], ["doctor"]])
def test_help_tells_the_exit_codes_and_what_this_is_not(
    melanoma_edge: Run, command: list[str]
) -> None:
    finished = melanoma_edge(*command, "--help")
    text = " ".join(finished.stdout.split())
    assert finished.returncode == 0
    assert "Exit codes: 0 done;" in text
    assert "130 interrupted" in text
    assert command or "not a medical device" in text
