"""The command as its user meets it: a process with arguments, two streams and an exit code."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

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


@pytest.fixture(scope="session")
def textured() -> Callable[..., npt.NDArray[np.uint8]]:
    """Draws skin-coloured pixels with detail at every scale, as sharp pictures have."""
    return draw_textured


def draw_textured(
    size_hw: tuple[int, int] = (224, 224), coarsest: int = 4
) -> npt.NDArray[np.uint8]:
    """Skin-coloured, with detail at every scale, as sharp pictures have.

    ``coarsest``: how many times the coarsest detail fits into a side.
    """
    rng = np.random.default_rng(1)
    height, width = size_hw
    plane = np.zeros(size_hw)
    for side in (4, 8, 16, 32, 64, 128, 256, 512):
        if side < coarsest:
            continue
        coarse = Image.fromarray(rng.normal(0, 1, (side, side)).astype(np.float32))
        plane += (
            np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC)) * (4 / side) ** 0.7
        )
    return np.clip(np.array([205, 150, 140]) * (1 + 0.12 * plane[..., None]), 0, 253).astype(
        np.uint8
    )
