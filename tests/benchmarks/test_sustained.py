"""Minutes of steady load, with a clock and a board that are made up."""

import dataclasses
import json
from itertools import count

import pytest
from PIL import Image
from typer.testing import CliRunner

from benchmarks import sustained
from benchmarks.cli import app
from benchmarks.host_conditions import HostState
from benchmarks.sustained import run_sustained
from benchmarks.sustained_plot import plot_sustained
from edge_runtime.classifier import LesionClassifier
from edge_runtime.contract.card import NOTICE
from edge_runtime.errors import InputError

NOTHING = HostState(
    load=None,
    steal_ticks=None,
    ticks=None,
    temperature_c=None,
    frequency_mhz=None,
    throttled=None,
)


def pictures_of(world):
    return sorted((world.data / "benign").iterdir())[:3]


def test_a_board_that_heats_up(shared_world, tmp_path, monkeypatch):
    heat = count(60, 5)
    monkeypatch.setattr(
        sustained,
        "look_at_host",
        lambda: dataclasses.replace(
            NOTHING,
            temperature_c=float(degrees := next(heat)),
            frequency_mhz=1800.0 if degrees < 80 else 1000.0,
            throttled=0x50005 if degrees >= 80 else 0x50000,
        ),
    )
    ticks = count(0.0, 1.0)
    with LesionClassifier.open(shared_world.model("int8")) as classifier:
        result = run_sustained(
            classifier, pictures_of(shared_world), seconds=50, every_s=10, clock=lambda: next(ticks)
        )
    assert [one.temperature_c for one in result.intervals] == [60, 65, 70, 75, 80]
    assert [one.throttled for one in result.intervals] == [False, False, False, False, True]
    assert result.intervals[-1].frequency_mhz == 1000.0
    assert all(one.pictures > 1 and one.p50_ms <= one.p90_ms for one in result.intervals)
    ends = [one.end_s for one in result.intervals]
    assert ends == sorted(ends)
    plot_sustained(result, tmp_path / "plot.png")
    with Image.open(tmp_path / "plot.png") as image:
        assert image.height > 800  # three panels


def test_command_on_a_system_that_tells_little(shared_world, tmp_path, monkeypatch):
    monkeypatch.setattr(sustained, "look_at_host", lambda: NOTHING)
    (tmp_path / "cut.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    command = ["sustained", str(shared_world.data), str(tmp_path / "cut.png"), "--minutes", "0.01"]
    command += ["--every-seconds", "0.2", "--model", str(shared_world.model("int8"))]
    result = CliRunner().invoke(app, [*command, "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert "not told by this system" in result.stdout
    assert NOTICE in result.stdout
    found = json.loads((tmp_path / "out" / "sustained.json").read_text())
    assert len(found["intervals"]) == 3
    assert found["intervals"][0]["temperature_c"] is None
    assert (tmp_path / "out" / "sustained.png").is_file()


def test_no_picture_that_can_be_scored(shared_world, tmp_path):
    (tmp_path / "cut.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    command = ["sustained", str(tmp_path / "cut.png"), "--model", str(shared_world.model("int8"))]
    with pytest.raises(InputError, match="none of which can"):
        CliRunner().invoke(app, [*command, "--out", str(tmp_path / "out")], catch_exceptions=False)
    assert not (tmp_path / "out").exists()
