"""``melanoma-bench run`` over runtimes, threads and other software."""

import json
import sys

import pytest
from typer.testing import CliRunner

from benchmarks import turns
from benchmarks.accuracy import Judged, Outcome
from benchmarks.baseline_rows import PixelStore, Queries
from benchmarks.baselines import Baseline, bare_of, judge_outputs, scoring_job
from benchmarks.cli import app
from benchmarks.kept_measurements import KeptMeasurements
from benchmarks.matrix import make_matrix
from benchmarks.merged import read_results
from benchmarks.models import find_models
from edge_runtime.assessment import Decision
from edge_runtime.contract.embed import open_sealed
from edge_runtime.contract.operating_point import score_from_logit


@pytest.fixture(scope="module")
def done(bench, shared_world, tmp_path_factory):
    """Results and stdout of both variants with one and two threads, beside other software."""
    out = tmp_path_factory.mktemp("matrix") / "out"
    stdout = bench(
        *(shared_world.models, "--data", shared_world.data, "--queries", 130, "--out", out),
        *("--threads", 1, "--threads", 2, "--runtime", "all"),
        *("--mediapipe-python", sys.executable, "--published", shared_world.model("float32")),
    )
    return read_results(out).runs[0], stdout


def test_a_row_for_every_variant_and_number_of_threads(done):
    rows = [(row.variant, row.threads) for row in done[0].models if row.latency]
    assert rows == [("float32", 1), ("float32", 2), ("int8", 1), ("int8", 2)]
    assert done[0].settings.thread_counts == (1, 2)


def test_every_row_has_a_bare_loop_beside_it(done):
    bare = [(one.variant, one.threads) for one in done[0].baselines if one.name == "bare"]
    assert bare == [(row.variant, row.threads) for row in done[0].models if row.latency]
    for row in done[0].models[1:]:
        ratio = row.to_bare
        assert 0 < ratio.invoke.low <= ratio.invoke.value <= ratio.invoke.high
        assert ratio.end_to_end.value > ratio.invoke.value


def test_percentiles_are_bounded_where_the_queries_suffice(done):
    for row in done[0].models[1:]:
        median, p90, p99 = row.latency.bounds
        assert (p90.percentile, p90.queries_needed, p99.queries_needed) == (0.9, 64, 662)
        assert row.latency.end_to_end.p50_ms <= median.bound_ms <= p90.bound_ms
        assert row.latency.end_to_end.p90_ms <= p90.bound_ms
        assert p99.bound_ms is None  # needs 662 queries
        assert not row.latency.mlperf_minimum


def test_every_row_says_where_it_was_measured_and_how_quiet_it_was(done):
    for row in done[0].models[1:]:
        assert row.environment.architecture == done[0].environment.architecture
        assert row.conditions.attempts == 1
        assert row.conditions.spread >= 0
        assert row.conditions.noisy == () or row.conditions.spread > 0


def test_decoding_and_resizing_are_apart(done):
    for row in done[0].models[1:]:
        assert 0 < row.latency.resize.p50_ms < row.latency.preprocess.p50_ms


def test_arithmetic_of_the_file_is_told_by_operator(done):
    (dense,) = (cost for cost in done[0].models[1].operators if cost.name == "FULLY_CONNECTED")
    assert dense.count >= 1
    assert dense.macs > 0


def test_differences_from_float32_are_paired(done):
    float32, int8 = done[0].models[1], done[0].models[3]
    assert float32.accuracy.paired is None
    paired = int8.accuracy.paired
    assert paired.roc_auc.value == pytest.approx(int8.accuracy.roc_auc_change.value)
    assert paired.gained + paired.lost == int8.accuracy.flips
    assert int8.accuracy.flip_share.value == pytest.approx(int8.accuracy.flips / 16)
    for figure in int8.accuracy.calibration.values():
        assert figure.low <= figure.value <= figure.high


def test_software_that_is_absent_is_left_out_and_said(done):
    assert not any(one.name == "mediapipe" for one in done[0].baselines)
    reasons = [why for name, why in done[0].skipped.items() if name.startswith("mediapipe")]
    assert len(reasons) == 2
    assert "No module named 'mediapipe'" in reasons[0]
    assert "mediapipe" in done[1]


def test_a_file_whose_outputs_are_no_scores_has_latency_alone(done):
    (other,) = (one for one in done[0].baselines if one.name == "published")
    assert other.accuracy is None
    assert other.queries == 130
    (reason,) = (why for name, why in done[0].skipped.items() if "published" in name)
    assert "Expected scores in [0, 1]" in reason


def test_outputs_decide_as_their_software_shows_them(shared_world):
    card = open_sealed(shared_world.model("int8")).card
    like = Judged(
        outcomes=(Outcome(decision=None), Outcome(decision=None)), point=card.operating_point
    )

    def decided(name: str, output: float) -> Outcome:
        other = Baseline(
            name=name,
            variant="int8",
            engine=name,
            python="",
            model=shared_world.model("int8"),
            size_hw=(32, 32),
        )
        judged = judge_outputs(other, [output], [1], like, card)
        assert judged.outcomes[0] == like.outcomes[0]
        return judged.outcomes[1]

    assert decided("published", 0.5).decision is Decision.REFER
    assert decided("published", 0.49).decision is Decision.NO_REFERRAL
    threshold = card.operating_point.threshold
    assert decided("mediapipe", threshold).decision is Decision.REFER
    logit = 2.0
    assert decided("tflite-runtime", logit).score == score_from_logit(logit, card.temperature)


def test_table_holds_rows_and_baselines(done):
    table = [line for line in done[1].splitlines() if line.startswith(("float32", "int8"))]
    assert sum("device code, ai-edge-litert" in line for line in table) == 4
    assert sum("bare: ai-edge-litert" in line for line in table) == 4
    assert "Shorter than MLPerf's SingleStream" in done[1]


def test_bare_loop_computes_what_the_row_computes(shared_world, tmp_path):
    models = find_models(shared_world.models)
    files = sorted((shared_world.data / "benign").iterdir())[:4]
    queries = Queries(places=(0, 1, 2, 3), files=tuple(files), digest="")
    pixels = PixelStore(folder=tmp_path, queries=queries)
    for row in make_matrix(models, ["ai-edge-litert"], [], [1]):
        loop = bare_of(row, open_sealed(row.path).card.preprocessing.size_hw)
        outputs = scoring_job(loop, pixels.of_size(loop.size_hw)).measure(0).outputs
        expected = shared_world.logits(row.variant, [f"benign/{file.name}" for file in files])
        assert outputs == pytest.approx(tuple(expected), abs=1e-5)


def test_after_an_interruption_the_same_command_goes_on(shared_world, tmp_path, monkeypatch):
    out = tmp_path / "out"
    command = ["run", str(shared_world.model("int8")), "--data", str(shared_world.data)]
    command += ["--queries", "3", "--out", str(out)]
    done, original = [], turns.look_at_host

    def interrupt():
        done.append(1)
        if len(done) == 6:  # in the third of six rounds
            raise KeyboardInterrupt
        return original()

    monkeypatch.setattr(turns, "look_at_host", interrupt)
    stopped = CliRunner().invoke(app, command)
    assert stopped.exit_code == 130
    kept = tmp_path / "out.kept"
    finished = {path: path.stat().st_mtime_ns for path in kept.iterdir()}
    assert len(finished) == 3  # what it decided, and two rounds
    assert not out.exists()

    monkeypatch.setattr(turns, "look_at_host", original)
    asked: list[str] = []
    keep = KeptMeasurements.keep
    monkeypatch.setattr(
        KeptMeasurements,
        "keep",
        lambda self, key, value: (asked.append(json.dumps(key)), keep(self, key, value)),
    )
    again = CliRunner().invoke(app, command, catch_exceptions=False)
    assert again.exit_code == 0, again.output
    assert len(asked) == 4  # the other rounds, and nothing twice
    assert read_results(out).runs[0].models[-1].latency.queries == 3
    assert not kept.exists()


def test_measurements_of_other_settings_are_not_taken_up(tmp_path):
    kept = KeptMeasurements(folder=tmp_path / "kept")
    kept.keep({"queries": 3}, 1.5)
    assert kept.recall({"queries": 3}) == 1.5
    assert kept.recall({"queries": 4}) is None
    next((tmp_path / "kept").iterdir()).write_text("{ cut")
    assert kept.recall({"queries": 3}) is None
