"""``melanoma-train evaluate`` as it is typed."""

import json

import pytest
from typer.testing import CliRunner

from edge_runtime.contract.card import NOTICE
from trainer.cli import app

pytest.importorskip("matplotlib")


def invoke(*arguments):
    return CliRunner().invoke(app, ["evaluate", *map(str, arguments)])


def test_a_table(small_run):
    done = invoke(small_run.folder)
    assert done.exit_code == 0, done.output
    assert "PPV at prevalence 0.02" in done.stdout
    assert "not measured" in done.stdout
    assert NOTICE in done.stdout


def test_json(small_run, tmp_path):
    done = invoke(small_run.folder, "--json", "--out", tmp_path / "out", "--prevalence", "0.1")
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["prevalence"] == 0.1
    assert result == json.loads((tmp_path / "out" / "metrics.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("wrong", ["--prevalence=0", "--prevalence=1.5", "--split=x"])
def test_wrong_use(small_run, wrong):
    assert invoke(small_run.folder, wrong).exit_code == 2
