"""What is said of a file that computes otherwise on another runtime."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from converter.runtime_table import (
    OTHERS,
    REFERENCE,
    RuntimeChoice,
    compare_logits,
    compare_runtimes,
    run_pixels,
)
from converter.runtimes_command import runtimes
from edge_runtime.contract.card import ModelCard
from edge_runtime.contract.embed import SealedModel
from edge_runtime.errors import CardMissingError, InputError
from edge_runtime.interpreter import probe_runtime
from edge_runtime.self_test import logit_of

pytestmark = pytest.mark.skipif(
    probe_runtime(REFERENCE.runtime).problem is not None, reason="needs ai-edge-litert"
)
BUILTIN = OTHERS[0]

Seal = Callable[..., SealedModel]
Card = Callable[[str], ModelCard]


@pytest.fixture
def pictures(picture: Callable[..., Path]) -> list[Path]:
    return [picture(f"pictures/{name}.jpg") for name in "abc"]


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    app.command()(runtimes)
    return app


def test_float32_means_the_same_with_both_kernel_families(
    sealed_model: Seal, pictures: list[Path]
) -> None:
    (row,) = compare_runtimes(sealed_model("float32").path, pictures, [BUILTIN])
    assert (row.pictures, row.changed_decisions, row.problem) == (3, 0, None)
    assert row.mean_difference is not None
    assert row.max_difference is not None
    assert row.mean_difference <= row.max_difference <= 1e-5


def test_logits_are_those_of_the_runtime_that_was_asked(
    sealed_model: Seal, lesion: Callable[..., np.ndarray]
) -> None:
    from edge_runtime.interpreter import load_runner

    pixels = [lesion(32, 32, seed) for seed in range(3)]
    path = sealed_model("int8").path
    for choice in (REFERENCE, BUILTIN):
        runner = load_runner(path, optimized=choice.optimized)
        expected = [logit_of(runner, one) for one in pixels]
        assert run_pixels(path, choice, pixels).tolist() == expected


def test_decisions_are_those_at_the_operating_point_of_the_card(tiny_card: Card) -> None:
    card = tiny_card("float32")
    reference = np.array([-1.0, -0.01, 0.01, 1.0])
    row = compare_logits("file", "runtime", card, reference, reference + 0.02)
    assert row.changed_decisions == 1
    assert row.max_difference == pytest.approx(0.02)
    assert row.mean_difference == pytest.approx(0.02)
    stricter = dataclasses.replace(card.operating_point, threshold=0.99)
    moved = dataclasses.replace(card, operating_point=stricter)
    row = compare_logits("file", "runtime", moved, reference, reference + 0.02)
    assert row.changed_decisions == 0


def test_a_logit_that_is_no_number_counts_as_another_decision(tiny_card: Card) -> None:
    logits = np.array([-5.0, np.nan])
    row = compare_logits("file", "runtime", tiny_card("float32"), np.array([-5.0, -5.0]), logits)
    assert row.changed_decisions == 1


def test_a_runtime_that_does_not_run_the_file_gets_a_row_that_says_why(
    sealed_model: Seal, pictures: list[Path]
) -> None:
    absent = RuntimeChoice(name="absent", runtime="tflite-runtime", optimized=True)
    if probe_runtime(absent.runtime).problem is None:
        pytest.skip("tflite-runtime works here")
    rows = compare_runtimes(sealed_model().path, pictures, [absent, BUILTIN])
    assert "tflite-runtime" in (rows[0].problem or "")
    assert rows[0].max_difference is None
    assert rows[1].problem is None


def test_a_picture_that_cannot_be_used_is_left_out(
    sealed_model: Seal, pictures: list[Path], app: typer.Typer
) -> None:
    bad = pictures[0].with_name("bad.jpg")
    bad.write_text("no picture")
    path = sealed_model("int8").path
    arguments = [str(path), "--data", str(bad.parent), "--json"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 4
    rows = json.loads(result.stdout)
    assert {row["pictures"] for row in rows} == {3}
    with pytest.raises(InputError, match="none of 1"):
        compare_runtimes(path, [bad])


def test_the_command_shows_a_table_and_the_notice(
    sealed_model: Seal, pictures: list[Path], app: typer.Typer
) -> None:
    paths = [str(sealed_model(variant).path) for variant in ("float32", "int8")]
    arguments = [*paths, "--data", str(pictures[0].parent), "--pictures", "2"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "tiny_none_32_int8.tflite" in result.stdout
    assert BUILTIN.name in result.stdout
    assert "Research software, not a medical device." in result.stdout


def test_a_file_without_a_card_is_refused(pictures: list[Path], tmp_path: Path) -> None:
    (tmp_path / "bare.tflite").write_bytes(b"no card")
    with pytest.raises(CardMissingError):
        compare_runtimes(tmp_path / "bare.tflite", pictures)
