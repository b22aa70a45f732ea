"""The command as its user meets it: a process with arguments, two streams and an exit code."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Finished = subprocess.CompletedProcess[str]


@pytest.fixture(autouse=True)
def _state_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test finds or leaves anything in the user's state folder."""
    monkeypatch.setenv("MELANOMA_STATE", str(tmp_path / "state"))


@pytest.fixture
def melanoma_edge() -> Callable[..., Finished]:
    """Runs ``melanoma-edge``; what no call may ever show is checked for each."""

    def run(*arguments: str | Path, encoding: str = "utf-8") -> Finished:
        finished = subprocess.run(
            [sys.executable, "-W", "error", "-m", "edge_runtime", *arguments],
            env={**os.environ, "PYTHONIOENCODING": encoding, "COLUMNS": "200"},
            capture_output=True,
            encoding=encoding,
            timeout=60,
            check=False,
        )
        shown = finished.stdout + finished.stderr
        assert "diagnos" not in shown.lower()
        assert ("Traceback" in shown) == ("--debug" in arguments and finished.returncode != 0)
        return finished

    return run
