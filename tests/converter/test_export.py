"""The float flatbuffer of a tiny Keras model: shapes, types, and refusals."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="needs the convert extra")

from converter.errors import ConversionError
from converter.export import StaticModel, export_float32, load_static_model
from edge_runtime.interpreter import load_runner
from edge_runtime.runner import Runner
from edge_runtime.self_test import logit_of
from trainer.backend import import_keras

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def keras_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    keras = import_keras()
    keras.utils.set_random_seed(5)
    pixels = keras.Input((32, 32, 3))
    scaled = keras.layers.Rescaling(1 / 127.5, offset=-1)(pixels)
    maps = keras.layers.Conv2D(16, 5, strides=2, activation="relu")(scaled)
    features = keras.layers.GlobalAveragePooling2D()(maps)
    logit = keras.layers.Dense(1, name="logit", kernel_initializer="random_normal")(features)
    path = tmp_path_factory.mktemp("keras") / "model.keras"
    keras.Model(pixels, keras.layers.Activation("sigmoid")(logit)).save(path)
    return path


@pytest.fixture(scope="module")
def model(keras_file: Path) -> StaticModel:
    return load_static_model(keras_file, (32, 32))


def runner_of(flatbuffer: bytes, folder: Path, name: str = "model.tflite") -> Runner:
    path = folder / name
    path.write_bytes(flatbuffer)
    return load_runner(path)


def some_pixels(count: int) -> list[np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (32, 32, 3), dtype=np.uint8) for _ in range(count)]


def test_float32_equals_keras(model: StaticModel, tmp_path: Path) -> None:
    runner = runner_of(export_float32(model), tmp_path)
    assert (runner.input.dtype, runner.input.shape) == ("float32", (1, 32, 32, 3))
    for pixels in some_pixels(5):
        assert logit_of(runner, pixels) == pytest.approx(model.logit(pixels), abs=1e-5)


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.keras").write_bytes(b"no model")
    with pytest.raises(ConversionError, match="logit"):
        load_static_model(tmp_path / "model.keras", (32, 32))


def test_a_model_of_another_input_size_is_refused(keras_file: Path) -> None:
    with pytest.raises(ConversionError, match=r"\(64, 64\)"):
        load_static_model(keras_file, (64, 64))


def test_a_layer_without_a_tflite_operator_is_named() -> None:
    keras = import_keras()
    pixels = keras.Input(batch_shape=(1, 64, 64, 3))
    resized = keras.layers.Resizing(32, 32, interpolation="lanczos3")(pixels)
    features = keras.layers.GlobalAveragePooling2D()(resized)
    model = keras.Model(pixels, keras.layers.Dense(1, name="logit")(features))
    with pytest.raises(ConversionError, match=r"Received: tf\.ScaleAndTranslate"):
        export_float32(StaticModel(keras_model=model, size_hw=(64, 64)))
