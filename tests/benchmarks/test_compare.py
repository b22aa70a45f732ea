"""Results against older ones: what counts as outside, and what is never compared."""

import dataclasses
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks.cli import app
from benchmarks.compare import compare_results
from benchmarks.errors import BenchmarkError
from benchmarks.merged import MergedResults, Tolerances, read_results
from benchmarks.results import Conditions, ModelResult, Results, RoundRatio, dump_results
from edge_runtime.contract.card import NOTICE
from edge_runtime.errors import InputError, OutputExistsError


@pytest.fixture(scope="module")
def measured(bench, shared_world, tmp_path_factory) -> Results:
    out = tmp_path_factory.mktemp("compare") / "out"
    bench(shared_world.models, "--data", shared_world.data, "--queries", 2, "--out", out)
    run = read_results(out).runs[0]
    # As quiet as a machine of its own would be: what is compared here are the rules.
    return with_rows(run, lambda row: dataclasses.replace(row, conditions=None))


def with_rows(results: Results, change) -> Results:
    return dataclasses.replace(results, models=tuple(change(row) for row in results.models))


def on_board(results: Results, board: str) -> Results:
    environment = dataclasses.replace(results.environment, board=board)
    return dataclasses.replace(results, environment=environment)


def slower(results: Results, factor: float) -> Results:
    def change(row: ModelResult) -> ModelResult:
        if row.to_bare is None:
            return row
        invoke = dataclasses.replace(row.to_bare.invoke, value=row.to_bare.invoke.value * factor)
        return dataclasses.replace(row, to_bare=dataclasses.replace(row.to_bare, invoke=invoke))

    return with_rows(results, change)


def write(results: Results, path: Path) -> Path:
    path.write_text(dump_results(results), encoding="utf-8")
    return path


def command(*arguments: object) -> str:
    result = CliRunner().invoke(app, [*map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def verdicts(new: Results, old: Results, **tolerances: float) -> dict[tuple[str, str], str]:
    limits = Tolerances(**tolerances)
    checks = compare_results(
        MergedResults(runs=(new,)), MergedResults(tolerances=limits, runs=(old,))
    )
    return {(check.row.partition(",")[0], check.figure): check.verdict for check in checks}


def test_a_result_agrees_with_itself(measured, tmp_path):
    file = write(measured, tmp_path / "a.json")
    stdout = command("compare", file, file)
    assert "outside" not in stdout
    assert NOTICE in stdout
    rows = json.loads(command("compare", file, file, "--json"))
    assert {row["verdict"] for row in rows} == {"within"}
    assert {"roc_auc", "ece", "invoke × bare", "peak MiB", "size MB"} <= {r["figure"] for r in rows}


def test_a_ratio_beyond_its_tolerance_ends_with_7(measured, tmp_path):
    old, new = write(measured, tmp_path / "old"), write(slower(measured, 1.2), tmp_path / "new")
    with pytest.raises(BenchmarkError, match="invoke × bare outside") as caught:
        command("compare", new, old)
    assert caught.value.exit_code == 7
    assert "better" in command("compare", old, new)


@pytest.mark.parametrize(("factor", "verdict"), [(1.04, "within"), (1.06, "outside")])
def test_tolerance_of_ratios_is_5_percent_unless_the_reference_says_so(measured, factor, verdict):
    found = verdicts(slower(measured, factor), measured)
    assert found["int8", "invoke × bare"] == verdict
    assert (
        verdicts(slower(measured, factor), measured, ratio=0.1)["int8", "invoke × bare"] == "within"
    )


def test_accuracy_of_the_same_file_must_not_move_at_all(measured):
    def shift(row: ModelResult) -> ModelResult:
        return dataclasses.replace(
            row, accuracy=dataclasses.replace(row.accuracy, brier=row.accuracy.brier + 1e-6)
        )

    assert verdicts(with_rows(measured, shift), measured)["int8", "brier"] == "outside"
    other = with_rows(
        with_rows(measured, shift), lambda row: dataclasses.replace(row, file_sha256="f" * 64)
    )
    assert verdicts(other, measured)["int8", "brier"] == "within"


def test_latency_of_another_host_is_never_compared(measured):
    found = verdicts(slower(on_board(measured, "Raspberry Pi 5"), 3.0), measured)
    assert found["int8", "latency and memory"] == "not compared"
    assert ("int8", "invoke × bare") not in found
    assert found["int8", "roc_auc"] == "within"


def test_other_pictures_have_other_accuracy(measured):
    pictures = dataclasses.replace(measured.pictures, sha256="0" * 64)
    found = verdicts(dataclasses.replace(measured, pictures=pictures), measured)
    assert found["int8", "accuracy"] == "not compared"


def test_a_row_that_is_gone_is_a_failure(measured, tmp_path):
    fewer = dataclasses.replace(measured, models=measured.models[:-1])
    with pytest.raises(BenchmarkError, match=r"int8.*missing"):
        command("compare", write(fewer, tmp_path / "a"), write(measured, tmp_path / "b"))


def test_nothing_in_common_is_a_failure(measured, tmp_path):
    other = on_board(measured, "Raspberry Pi 4")
    other = dataclasses.replace(
        other, pictures=dataclasses.replace(other.pictures, sha256="0" * 64)
    )
    with pytest.raises(BenchmarkError, match="nothing that can be compared"):
        command("compare", write(other, tmp_path / "a"), write(measured, tmp_path / "b"))


def test_merged_hosts_keep_apart_and_compare_with_their_own(measured, tmp_path):
    pi = slower(on_board(measured, "Raspberry Pi 5"), 2.0)
    a, b, both = write(measured, tmp_path / "a"), write(pi, tmp_path / "b"), tmp_path / "both.json"
    stdout = command("merge", a, b, a, "--out", both)
    assert "Raspberry Pi 5" in stdout
    assert "never ranked" in stdout
    assert [run.environment.board for run in read_results(both).runs] == [
        measured.environment.board,
        "Raspberry Pi 5",
    ]
    command("compare", both, both)
    with pytest.raises(OutputExistsError):
        command("merge", a, "--out", both)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"runs": [], "schema_version": 1}'])
def test_other_files_are_refused(content, tmp_path):
    (tmp_path / "other").write_text(content)
    with pytest.raises(InputError, match="melanoma-bench run"):
        read_results(tmp_path / "other")


def test_a_noisy_row_may_differ_by_its_noise(measured):
    def noisy(row: ModelResult) -> ModelResult:
        if row.to_bare is None:
            return row
        wide = RoundRatio(value=row.to_bare.invoke.value, low=1.0, high=1.25)
        to_bare = dataclasses.replace(row.to_bare, invoke=wide)
        return dataclasses.replace(row, conditions=conditions_of_spread(0.3), to_bare=to_bare)

    found = verdicts(with_rows(slower(measured, 1.2), noisy), measured)
    assert found["int8", "invoke × bare"] == "within"
    found = verdicts(with_rows(slower(measured, 1.3), noisy), measured)
    assert found["int8", "invoke × bare"] == "outside"


def conditions_of_spread(spread: float):
    return Conditions(
        load_before=None,
        load_after=None,
        steal_share=None,
        temperature_c=None,
        frequency_mhz=None,
        throttled=None,
        spread=spread,
        noisy=("rounds differ",),
        attempts=1,
    )
