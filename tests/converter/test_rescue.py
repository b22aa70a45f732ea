"""A model that int8 breaks is refused, and saved by the layers that broke it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("ai_edge_quantizer", reason="needs the convert extra")

from converter.candidate import Candidate
from converter.comparison import Calibrated, calibrate_logits, compare
from converter.flatbuffer_edit import pack_flatbuffer, unpack_flatbuffer
from converter.gate import judge, parse_gate
from converter.parity import Parity
from converter.quantize import layer_scopes, measure_ranges
from converter.rescue import rank_layers, rescue
from converter.variants import RECIPES, FloatSource
from edge_runtime.contract.manifest import Picture
from edge_runtime.contract.operating_point import choose_operating_point, scores_from_logits
from edge_runtime.contract.preprocess import Pixels
from edge_runtime.interpreter import load_runner
from edge_runtime.self_test import logit_of

FLOAT32 = Path(__file__).parents[1] / "data" / "two_layers_float32.tflite"
GATE = parse_gate("auc_drop<=0.01")
INT8 = RECIPES["int8"]


def pictures(count: int, seed: int) -> list[Pixels]:
    """Blotches: flat noise has features that hardly differ from picture to picture."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (count, 4, 4, 3), dtype=np.uint8)
    return list(np.repeat(np.repeat(coarse, 8, axis=1), 8, axis=2))


def unbalanced(flatbuffer: bytes) -> bytes:
    """The same function, with half of the first layer's channels 5,000 times larger.

    ReLU lets a factor through; the second layer divides by it. int8 has one scale for all
    channels of an activation, so the other half is lost.
    """
    model = unpack_flatbuffer(flatbuffer)
    graph = model.subgraphs[0]
    first, second = graph.operators[:2]
    factors = np.where(np.arange(8) < 4, 5000.0, 1.0).astype(np.float32)
    for tensor, factor in (
        (first.inputs[1], factors[:, None, None, None]),
        (first.inputs[2], factors),
        (second.inputs[1], 1 / factors[None, None, None, :]),
    ):
        buffer = model.buffers[graph.tensors[tensor].buffer]
        values = np.frombuffer(bytes(buffer.data), np.float32).reshape(graph.tensors[tensor].shape)
        buffer.data = np.frombuffer((values * factor).astype(np.float32).tobytes(), np.uint8)
    return pack_flatbuffer(model, len(flatbuffer))


@pytest.fixture(scope="module")
def source() -> FloatSource:
    float32 = unbalanced(FLOAT32.read_bytes())
    ranges = measure_ranges(float32, pictures(30, 0)).joined("min-max")
    return FloatSource(float32=float32, ranges=ranges)


class Bench:
    """Judges flatbuffers on drawn pictures whose labels follow the float model's logits."""

    def __init__(self, source: FloatSource, folder: Path) -> None:
        self._folder, self._pixels = folder, pictures(150, 1)
        self._reference = self._logits(source.float32)
        noise = np.random.default_rng(2).normal(scale=0.3 * self._reference.std(), size=150)
        noisy = self._reference + noise
        self._labels = (noisy > np.median(noisy)).astype(int)
        self._point = choose_operating_point(
            self._labels, scores_from_logits(self._reference, 1.0), target=0.9
        )

    def try_out(self, flatbuffer: bytes, kept: Sequence[str] = ()) -> Candidate:
        logits = self._logits(flatbuffer)
        calibrated = calibrate_logits(logits, self._labels, self._point)
        reference = Calibrated(logits=self._reference, temperature=1.0, point=self._point)
        listed = [
            Picture(file=str(i), sha256="", label=str(label), group=str(i), split="valid")
            for i, label in enumerate(self._labels)
        ]
        comparison = compare(reference, calibrated, listed, "1")
        return Candidate(
            flatbuffer=flatbuffer,
            kept_float=tuple(kept),
            parity=Parity(logits=logits, keras_logits=self._reference),
            calibrated=calibrated,
            comparison=comparison,
            findings=judge(GATE, comparison),
            info=load_runner(FLOAT32).info,
        )

    def _logits(self, flatbuffer: bytes) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        path = self._folder / "model.tflite"
        path.write_bytes(flatbuffer)
        runner = load_runner(path)
        return np.array([logit_of(runner, pixels) for pixels in self._pixels])


def test_the_unbalanced_model_computes_what_the_balanced_one_does(
    source: FloatSource, tmp_path: Path
) -> None:
    (tmp_path / "model.tflite").write_bytes(source.float32)
    for pixels in pictures(5, 3):
        logits = [
            logit_of(load_runner(path), pixels) for path in (FLOAT32, tmp_path / "model.tflite")
        ]
        assert logits[0] == pytest.approx(logits[1], rel=1e-4, abs=1e-3)


def test_layers_are_ranked_by_what_they_cost_alone(source: FloatSource) -> None:
    ranking = rank_layers(source, pictures(6, 4))
    scopes = layer_scopes(source.float32)
    assert {cost.scope for cost in ranking} == set(scopes[:-1])
    # The first two share the activation that int8 cannot hold.
    assert {cost.scope for cost in ranking[:2]} == set(scopes[:2])
    costs = [cost.mean_difference for cost in ranking]
    assert costs == sorted(costs, reverse=True)


def test_int8_breaks_it_and_two_layers_in_float_save_it(
    source: FloatSource, tmp_path: Path
) -> None:
    bench = Bench(source, tmp_path)
    failed = bench.try_out(INT8.build(source, ()))
    assert not failed.passed
    saved = rescue(failed, INT8, source, pictures(30, 0), 8, bench.try_out)
    assert [len(step.kept_float) for step in saved.steps] == [0, 1, 2]
    assert saved.steps[-1].passed
    assert saved.steps[-1].parity.mean_difference < failed.parity.mean_difference


def test_a_spent_budget_leaves_it_refused(source: FloatSource, tmp_path: Path) -> None:
    bench = Bench(source, tmp_path)
    failed = bench.try_out(INT8.build(source, ()))
    none = rescue(failed, INT8, source, pictures(30, 0), 0, bench.try_out)
    assert none.steps == (failed,)
    one = rescue(failed, INT8, source, pictures(30, 0), 1, bench.try_out)
    assert [len(step.kept_float) for step in one.steps] == [0, 1]
    assert not one.steps[-1].passed
