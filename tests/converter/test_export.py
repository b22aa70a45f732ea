"""Flatbuffers of a tiny Keras model: shapes, types, and refusals."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="needs the convert extra")

from converter.errors import ConversionError
from converter.export import (
    StaticModel,
    export_float16,
    export_float32,
    export_int8,
    load_static_model,
)
from converter.variants import DEFAULT_VARIANTS, RECIPES, parse_variants
from edge_runtime.contract.card import VARIANTS
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


def test_float16_rounds_the_weights_and_takes_and_gives_what_float32_does(
    model: StaticModel, tmp_path: Path
) -> None:
    reference = runner_of(export_float32(model), tmp_path, "float32.tflite")
    xnnpack = runner_of(export_float16(model), tmp_path, "float16.tflite")
    builtin = load_runner(tmp_path / "float16.tflite", optimized=False)
    assert (xnnpack.input, xnnpack.output) == (reference.input, reference.output)
    differences = []
    for pixels in some_pixels(20):
        logit = logit_of(xnnpack, pixels)
        assert logit == pytest.approx(logit_of(builtin, pixels), abs=1e-5)
        differences.append(abs(logit - logit_of(reference, pixels)))
    assert 0 < max(differences) < 1e-2


def test_float16_does_not_allow_half_precision_arithmetic(model: StaticModel) -> None:
    # XNNPACK would use it on some Arm processors, and there the golden cases would differ.
    flatbuffer = export_float16(model)
    assert b"fp16accfp32" in flatbuffer
    assert b"fp16accfp16" not in flatbuffer


def test_recipes_are_variants_of_the_card_and_float16_comes_on_demand() -> None:
    assert set(DEFAULT_VARIANTS) < set(RECIPES) <= set(VARIANTS)
    assert "float16" not in DEFAULT_VARIANTS
    assert [recipe.variant for recipe in parse_variants("float16, int8,float16")] == [
        *("float16", "int8")
    ]


def test_int8_input_scale_is_one_even_for_dark_calibration_pictures(
    model: StaticModel, tmp_path: Path
) -> None:
    dark = [pixels // 4 for pixels in some_pixels(8)]
    runner = runner_of(export_int8(model, dark), tmp_path)
    assert (runner.input.dtype, runner.input.scale, runner.input.zero_point) == ("uint8", 1.0, 0)


def test_int8_logits_are_not_cut_into_256_steps(model: StaticModel, tmp_path: Path) -> None:
    runner = runner_of(export_int8(model, some_pixels(30)), tmp_path)
    assert (runner.output.dtype, runner.output.scale) == ("float32", 0.0)
    assert len({logit_of(runner, pixels) for pixels in some_pixels(300)}) > 256


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.keras").write_bytes(b"no model")
    with pytest.raises(ConversionError, match="logit"):
        load_static_model(tmp_path / "model.keras", (32, 32))


def test_a_model_of_another_input_size_is_refused(keras_file: Path) -> None:
    with pytest.raises(ConversionError, match=r"\(64, 64\)"):
        load_static_model(keras_file, (64, 64))
