"""Two worker processes on loopback train as one does on the same batches."""

import csv
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.tensorflow

Command = Callable[..., subprocess.CompletedProcess[str]]
# Dropout draws a mask of its own for each replica, so it is left out here.
OPTIONS = (
    *("--weights", "none", "--cut", "mixed1", "--image-size", "75", "--views", "1"),
    *("--epochs", "5", "--fine-tune-epochs", "2", "--batch-size", "16", "--dropout", "0"),
)


def free_addresses() -> str:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    addresses = [f"127.0.0.1:{one.getsockname()[1]}" for one in sockets]
    for one in sockets:
        one.close()
    return ",".join(addresses)


def history(run: Path) -> list[list[float]]:
    with (run / "history.csv").open() as stream:
        return [[float(value) for value in row.values()] for row in csv.DictReader(stream)]


def test_two_workers_give_the_loss_curve_of_one(
    command: Command, drawn_data: Path, tmp_path: Path
) -> None:
    command("trainer", "fit", drawn_data, "--out", tmp_path / "alone", *OPTIONS)
    together, addresses = tmp_path / "together", free_addresses()
    line = (sys.executable, "-m", "trainer", "fit", str(drawn_data), "--out", str(together))
    processes = [
        subprocess.Popen(
            [*line, *OPTIONS, "--workers", addresses, "--worker", str(number)],
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"MELANOMA_CACHE": str(tmp_path / "cache")},
        )
        for number in (0, 1)
    ]
    said = [process.communicate(timeout=300)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    assert "worker 1 is done" in said[1]
    for one, other in zip(history(tmp_path / "alone"), history(together), strict=True):
        assert other == pytest.approx(one, rel=1e-4, abs=1e-6)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["alone", "cache", "together"]
