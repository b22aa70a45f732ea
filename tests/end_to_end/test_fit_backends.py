"""Other backends of Keras train the same model as TensorFlow, from the same weights."""

import importlib.util
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.tensorflow

# Dropout draws other masks with another backend.
OPTIONS = (
    *("--cut", "mixed1", "--image-size", "75", "--pool-from", "mixed0", "--pool-middle"),
    *("--unfreeze", "mixed1", "--views", "1", "--epochs", "5", "--fine-tune-epochs", "2"),
    *("--batch-size", "64", "--dropout", "0"),
)


@dataclass(frozen=True)
class Runs:
    """Run folders of TensorFlow and of another backend."""

    expected: Path
    other: Path
    backend: str


@pytest.fixture(scope="module")
def fit_with(
    command: Callable[..., object], drawn_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Path]:
    """Trains with a backend; from a file of weights, as each draws other random ones."""
    import keras

    folder = tmp_path_factory.mktemp("backends")
    keras.utils.set_random_seed(0)
    network = keras.applications.InceptionV3(
        weights=None, include_top=False, input_shape=(75, 75, 3)
    )
    weights = folder / "random.weights.h5"
    network.save_weights(weights)

    def fit(backend: str) -> Path:
        out = folder / backend
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("KERAS_BACKEND", backend)
            environment.setenv("JAX_PLATFORMS", "cpu")
            environment.setenv("CUDA_VISIBLE_DEVICES", "")
            command("trainer", "fit", drawn_data, "--out", out, "--weights", weights, *OPTIONS)
        return out

    return fit


@pytest.fixture(scope="module")
def with_tensorflow(fit_with: Callable[[str], Path]) -> Path:
    return fit_with("tensorflow")


@pytest.fixture(scope="module", params=["jax", "torch"])
def runs(
    request: pytest.FixtureRequest, fit_with: Callable[[str], Path], with_tensorflow: Path
) -> Runs:
    backend = request.param
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"needs {backend}")
    return Runs(expected=with_tensorflow, other=fit_with(backend), backend=backend)


def test_the_run_names_the_backend_that_trained_it(runs: Runs) -> None:
    versions = json.loads((runs.other / "card.json").read_text())["training"]["versions"]
    assert runs.backend in versions
    assert "tensorflow" not in versions


@pytest.mark.parametrize("name", ["history_stage_1.csv", "history.csv"])
def test_both_stages_take_the_same_course(
    table: Callable[[Path], list[dict[str, float]]], runs: Runs, name: str
) -> None:
    expected, other = table(runs.expected / name), table(runs.other / name)
    assert len(other) == len(expected)
    for row, expected_row in zip(other, expected, strict=True):
        assert row == pytest.approx(expected_row, rel=0.02, abs=0.02)


def test_what_it_trained_is_exported(command: Callable[..., object], runs: Runs) -> None:
    out = runs.other.with_name(f"{runs.backend}_models")
    command("converter", "export", runs.other, "--out", out, "--variants", "float32")
    assert len(list(out.glob("*_float32.tflite"))) == 1
