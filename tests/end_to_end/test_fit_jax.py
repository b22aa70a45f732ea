"""Another backend of Keras trains the same model: JAX against TensorFlow, from the same weights."""

import csv
import importlib.util
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="needs jax"),
]

# Dropout draws other masks with another backend.
OPTIONS = (
    *("--cut", "mixed1", "--image-size", "75", "--pool-from", "mixed0", "--pool-middle"),
    *("--unfreeze", "mixed1", "--views", "1", "--epochs", "5", "--fine-tune-epochs", "2"),
    *("--batch-size", "64", "--dropout", "0"),
)


@dataclass(frozen=True)
class Runs:
    """A run folder by backend."""

    tensorflow: Path
    jax: Path


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights of InceptionV3 in a file: backends draw different ones."""
    import keras

    keras.utils.set_random_seed(0)
    network = keras.applications.InceptionV3(
        weights=None, include_top=False, input_shape=(75, 75, 3)
    )
    path = tmp_path_factory.mktemp("weights") / "random.weights.h5"
    network.save_weights(path)
    return path


@pytest.fixture(scope="module")
def runs(
    command: Callable[..., object],
    drawn_data: Path,
    weights: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Runs:
    folder = tmp_path_factory.mktemp("backends")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("JAX_PLATFORMS", "cpu")
        for backend in ("tensorflow", "jax"):
            environment.setenv("KERAS_BACKEND", backend)
            out = folder / backend
            command("trainer", "fit", drawn_data, "--out", out, "--weights", weights, *OPTIONS)
    return Runs(tensorflow=folder / "tensorflow", jax=folder / "jax")


def table(path: Path) -> list[dict[str, float]]:
    with path.open() as stream:
        return [{name: float(text) for name, text in row.items()} for row in csv.DictReader(stream)]


def test_the_run_names_the_backend_that_trained_it(runs: Runs) -> None:
    versions = json.loads((runs.jax / "card.json").read_text())["training"]["versions"]
    assert "jax" in versions
    assert "tensorflow" not in versions


@pytest.mark.parametrize("name", ["history_stage_1.csv", "history.csv"])
def test_both_stages_take_the_same_course(runs: Runs, name: str) -> None:
    ours, other = table(runs.tensorflow / name), table(runs.jax / name)
    assert len(ours) == len(other)
    for row, expected in zip(other, ours, strict=True):
        assert row == pytest.approx(expected, rel=0.02, abs=0.02)


def test_what_jax_trained_is_exported(command: Callable[..., object], runs: Runs) -> None:
    out = runs.jax.with_name("models")
    command("converter", "export", runs.jax, "--out", out, "--variants", "float32")
    assert len(list(out.glob("*_float32.tflite"))) == 1
