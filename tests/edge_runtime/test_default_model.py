"""``melanoma-edge image`` without ``--model``: which file is used, and what is said of it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import edge_runtime
from edge_runtime.contract.embed import SealedModel, open_sealed
from edge_runtime.default_model import MODEL_VARIABLE, PUBLISHED_MODELS, default_model

Finished = subprocess.CompletedProcess[str]
Run = Callable[..., Finished]
Seal = Callable[..., SealedModel]
Save = Callable[..., Path]


@pytest.fixture(autouse=True)
def no_model_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(MODEL_VARIABLE, raising=False)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout that holds the package and an empty folder for models."""
    folder = tmp_path / "checkout"
    package = Path(edge_runtime.__file__).parent
    shutil.copytree(package, folder / "edge_runtime", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "models").mkdir()
    return folder


@pytest.fixture
def image_in(checkout: Path) -> Run:
    """Runs ``melanoma-edge image --json`` with the checkout's own package."""

    def run(*arguments: str | Path) -> Finished:
        return subprocess.run(
            [sys.executable, "-m", "edge_runtime", "image", "--json", *arguments],
            cwd=checkout,
            env={**os.environ, "PYTHONSAFEPATH": ""},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


def variants_used(finished: Finished) -> list[str]:
    assert finished.returncode == 0, finished.stderr
    return [json.loads(line)["variant"] for line in finished.stdout.splitlines()]


def test_the_one_int8_model_of_a_checkout_is_used_and_named(
    image_in: Run, checkout: Path, sealed_model: Seal, picture: Save
) -> None:
    for variant in ("int8", "float32"):
        shutil.copy(sealed_model(variant).path, checkout / "models")
    (checkout / "models" / "README.md").write_text("the model's card")
    (checkout / "models" / "._tiny_none_32_int8.tflite").write_text("left by another system")
    finished = image_in(picture())
    assert variants_used(finished) == ["int8"]
    first = finished.stderr.splitlines()[0]
    assert str(Path("models", "tiny_none_32_int8.tflite")) in first
    assert "research model" in first


def test_an_option_goes_before_the_variable_and_that_before_the_checkout(
    image_in: Run,
    checkout: Path,
    sealed_model: Seal,
    picture: Save,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (checkout / "models" / "other_int8.tflite").write_text("never opened")
    int8, float32 = sealed_model("int8").path, sealed_model("float32").path
    monkeypatch.setenv(MODEL_VARIABLE, str(float32))
    by_variable = image_in(picture())
    by_option = image_in(picture(), "--model", int8)
    assert variants_used(by_variable) == ["float32"]
    assert f"{float32}, named by {MODEL_VARIABLE}" in by_variable.stderr
    assert variants_used(by_option) == ["int8"]
    assert MODEL_VARIABLE not in by_option.stderr


def test_a_variable_that_names_no_model_is_refused_as_the_option_would_be(
    image_in: Run, picture: Save, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MODEL_VARIABLE, str(tmp_path / "missing.tflite"))
    finished = image_in(picture())
    assert finished.returncode == 3
    assert "error: expected a readable model file" in finished.stderr
    assert MODEL_VARIABLE in finished.stderr


def test_an_empty_variable_names_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MODEL_VARIABLE, "")
    (tmp_path / "a_int8.tflite").touch()
    assert default_model(tmp_path) == tmp_path / "a_int8.tflite"


@pytest.mark.parametrize(
    ("names", "received"),
    [
        ((), "and none in that folder"),
        (("a_float16.tflite", "README.md"), "and none in that folder"),
        (("b_int8.tflite", "a_int8.tflite"), "a_int8.tflite, b_int8.tflite in that folder"),
    ],
)
def test_none_or_several_are_wrong_use(
    image_in: Run, checkout: Path, picture: Save, names: tuple[str, ...], received: str
) -> None:
    for name in names:
        (checkout / "models" / name).touch()
    finished = image_in(picture())
    assert finished.returncode == 2
    assert finished.stdout == ""
    for part in ("Usage: ", "expected a model file", str(checkout / "models"), "Received: "):
        assert part in finished.stderr
    assert received in finished.stderr
    assert finished.stderr.rstrip().endswith("Give --model FILE.")


def test_an_install_without_the_folder_says_the_same(
    image_in: Run, checkout: Path, picture: Save
) -> None:
    (checkout / "models").rmdir()
    finished = image_in(picture())
    assert finished.returncode == 2
    assert "none in that folder" in finished.stderr


def test_a_folder_named_as_a_model_is_none(checkout: Path, image_in: Run, picture: Save) -> None:
    (checkout / "models" / "a_int8.tflite").mkdir()
    assert image_in(picture()).returncode == 2


@pytest.mark.skipif(not PUBLISHED_MODELS.is_dir(), reason="no published models beside the package")
def test_the_published_model_is_an_int8_one_and_no_demonstration() -> None:
    card = open_sealed(default_model()).card
    assert card.variant == "int8"
    assert not card.training.demonstration
