"""What the device's software adds: every part is measured, and they add up."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from benchmarks import edge_peer
from benchmarks.edge_overhead import edge, measure_overhead
from benchmarks.edge_throughput import measure_throughput
from edge_runtime.contract.embed import SealedModel
from edge_runtime.errors import DeviceError, InputError

Seal = Callable[..., SealedModel]
Save = Callable[..., Path]


def test_every_part_is_measured(sealed_model: Seal, picture: Save) -> None:
    pictures = [picture(f"{number}.png") for number in range(5)]
    found = measure_overhead(sealed_model().path, pictures)
    assert found.pictures == 5
    assert all(part > 0 for part in (found.preprocess_ms, found.invoke_ms, found.own_ms))


def test_a_folder_is_compared_with_inferences_alone(sealed_model: Seal, picture: Save) -> None:
    pictures = [picture(f"{number}.png") for number in range(5)]
    found = measure_throughput(sealed_model().path, pictures, cores=2)
    assert found.cores == 2
    assert all(share > 0 for share in (found.share_of_bare, found.share_of_bare_together))


def test_a_picture_that_cannot_be_used_ends_the_measurement(
    sealed_model: Seal, picture: Save, tmp_path: Path
) -> None:
    (tmp_path / "bad.png").write_bytes(b"no picture")
    pictures = [picture(), tmp_path / "bad.png"]
    with pytest.raises(InputError):
        measure_overhead(sealed_model().path, pictures)
    with pytest.raises(InputError):
        measure_throughput(sealed_model().path, pictures, cores=2)


def test_the_command_takes_folders_and_gives_json_or_a_table(
    sealed_model: Seal, picture: Save
) -> None:
    app = typer.Typer()
    app.command()(edge)
    folder = picture("pictures/1.png").parent
    picture("pictures/2.png")
    arguments = [str(folder), "--model", str(sealed_model().path)]
    as_json = CliRunner().invoke(app, [*arguments, "--json", "--limit", "1"])
    assert json.loads(as_json.stdout)["pictures"] == 1
    assert "pictures per s" in CliRunner().invoke(app, arguments).stdout


@pytest.fixture
def peer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands in for MediaPipe, which is not installed here: a program, and what it measures."""
    monkeypatch.setattr(edge_peer, "_ask_peer", lambda *_: lambda: (1e-9, 1e9))
    program = tmp_path / "peer.py"
    program.write_text("print(0.5)\n")
    monkeypatch.setattr(edge_peer.cold_start_peer, "__file__", str(program))
    return program


@pytest.mark.usefixtures("peer")
def test_a_peer_is_compared_turn_by_turn(sealed_model: Seal, picture: Save) -> None:
    model = sealed_model().path
    found = edge_peer.compare_with_mediapipe(sys.executable, model, model, [picture()], 2)
    assert found.turns == 2
    assert found.picture_ms.ratio > 1 > found.memory_mib.ratio
    start = found.cold_start_s
    assert 0 < start.low <= start.ratio <= start.high


def test_a_peer_that_fails_is_named_with_its_last_words(
    sealed_model: Seal, picture: Save, peer: Path
) -> None:
    peer.write_text("raise SystemExit('no such model')\n")
    model = sealed_model().path
    with pytest.raises(DeviceError, match="no such model"):
        edge_peer.compare_with_mediapipe(sys.executable, model, model, [picture()], 1)
