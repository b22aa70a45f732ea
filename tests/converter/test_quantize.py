"""Every form made from one float flatbuffer: types, errors, versions, and the same bytes twice."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("ai_edge_quantizer", reason="needs the convert extra")

from converter.flatbuffer import read_flatbuffer
from converter.operator_versions import needed_version
from converter.quantize import (
    halve_weights,
    layer_scopes,
    measure_ranges,
    quantize_one_layer,
    quantize_static,
    quantize_weights,
)
from converter.variants import DEFAULT_VARIANTS, RECIPES, FloatSource, parse_variants
from edge_runtime.contract.card import VARIANTS
from edge_runtime.contract.preprocess import Pixels
from edge_runtime.interpreter import load_runner
from edge_runtime.runner import Runner
from edge_runtime.self_test import logit_of

FLOAT32 = Path(__file__).parents[1] / "data" / "two_layers_float32.tflite"


def some_pixels(count: int, seed: int = 0) -> list[Pixels]:
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 256, (32, 32, 3), dtype=np.uint8) for _ in range(count)]


@pytest.fixture(scope="module")
def source() -> FloatSource:
    float32 = FLOAT32.read_bytes()
    ranges = measure_ranges(float32, some_pixels(20)).joined("min-max")
    return FloatSource(float32=float32, ranges=ranges)


def runner_of(flatbuffer: bytes, folder: Path, *, optimized: bool = True) -> Runner:
    path = folder / "model.tflite"
    path.write_bytes(flatbuffer)
    return load_runner(path, optimized=optimized)


@pytest.mark.parametrize("variant", RECIPES)
def test_every_variant_follows_the_float_model(
    variant: str, source: FloatSource, tmp_path: Path
) -> None:
    reference = runner_of(source.float32, tmp_path)
    runner = runner_of(RECIPES[variant].build(source, ()), tmp_path)
    pairs = [[logit_of(r, p) for p in some_pixels(60, seed=1)] for r in (reference, runner)]
    assert np.corrcoef(np.array(pairs))[0, 1] > 0.97


@pytest.mark.parametrize("variant", RECIPES)
def test_the_same_source_gives_the_same_bytes(variant: str, source: FloatSource) -> None:
    build = RECIPES[variant].build
    assert build(source, ()) == build(source, ())


@pytest.mark.parametrize("variant", RECIPES)
def test_weights_lie_inside_and_versions_say_what_the_types_need(
    variant: str, source: FloatSource
) -> None:
    built = RECIPES[variant].build(source, ())
    for operator in read_flatbuffer(built).operators:
        assert operator.version >= needed_version(operator)
    # Nothing lies behind the flatbuffer: its tables end with the file.
    assert read_flatbuffer(built + b"\0" * 64) == read_flatbuffer(built)


def test_only_int8_takes_uint8_and_every_logit_is_a_float(
    source: FloatSource, tmp_path: Path
) -> None:
    for variant, recipe in RECIPES.items():
        runner = runner_of(recipe.build(source, ()), tmp_path)
        wanted = ("uint8", 1.0, 0) if variant in ("int8", "edgetpu") else ("float32", 0.0, 0)
        assert (runner.input.dtype, runner.input.scale, runner.input.zero_point) == wanted
        assert (runner.output.dtype, runner.output.shape) == ("float32", (1, 1))


def test_int8_input_scale_is_one_even_for_dark_calibration_pictures(tmp_path: Path) -> None:
    float32 = FLOAT32.read_bytes()
    dark = [pixels // 4 for pixels in some_pixels(8)]
    ranges = measure_ranges(float32, dark).joined("min-max")
    runner = runner_of(quantize_static(float32, ranges), tmp_path)
    assert (runner.input.scale, runner.input.zero_point) == (1.0, 0)


def test_int8_logits_are_not_cut_into_256_steps(source: FloatSource, tmp_path: Path) -> None:
    runner = runner_of(RECIPES["int8"].build(source, ()), tmp_path)
    assert len({logit_of(runner, pixels) for pixels in some_pixels(300, seed=2)}) > 256


def test_smaller_forms_are_smaller(source: FloatSource) -> None:
    weights = len(source.float32)
    assert len(halve_weights(source.float32)) < weights
    assert len(quantize_weights(source.float32, dynamic=False)) < weights


def test_float16_and_weight_only_forms_compute_the_same_on_both_kernel_families(
    source: FloatSource, tmp_path: Path
) -> None:
    for variant in ("float16", "weight_int8"):
        built = RECIPES[variant].build(source, ())
        logits = [
            [logit_of(runner_of(built, tmp_path, optimized=o), p) for p in some_pixels(5)]
            for o in (True, False)
        ]
        assert logits[0] == pytest.approx(logits[1], abs=1e-4)


def test_a_layer_can_stay_in_float(source: FloatSource, tmp_path: Path) -> None:
    scopes = layer_scopes(source.float32)
    kept = quantize_static(source.float32, source.require_ranges(), kept_float=[scopes[1]])
    all_int8 = quantize_static(source.float32, source.require_ranges())
    reference = runner_of(source.float32, tmp_path)
    errors = []
    for built in (all_int8, kept):
        runner = runner_of(built, tmp_path)
        errors.append(
            np.mean([abs(logit_of(runner, p) - logit_of(reference, p)) for p in some_pixels(30)])
        )
    assert errors[1] < errors[0]


def test_one_quantised_layer_leaves_the_others_in_float(source: FloatSource) -> None:
    scope = layer_scopes(source.float32)[1]
    built = quantize_one_layer(source.float32, source.require_ranges(), scope)
    convolutions = [o for o in read_flatbuffer(built).operators if o.name == "CONV_2D"]
    assert [o.outputs[0].dtype for o in convolutions] == ["float32", "int8"]


def test_recipes_are_variants_of_the_card() -> None:
    assert set(DEFAULT_VARIANTS) < set(RECIPES) <= set(VARIANTS)
    assert [recipe.variant for recipe in parse_variants("float16, int8,float16")] == [
        *("float16", "int8")
    ]


def test_the_published_int8_file_rescales_nothing_but_its_pixels() -> None:
    published = next((Path(__file__).parents[2] / "models").glob("*_int8.tflite"))
    names = [operator.name for operator in read_flatbuffer(published.read_bytes()).operators]
    assert names[0] == "QUANTIZE"
    assert names.count("QUANTIZE") == 1
