"""One small chain for all tests here: drawn pictures, a run folder, sealed variants."""

import csv
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from edge_runtime.contract.manifest import read_scores
from edge_runtime.contract.preprocess import Preprocessing, preprocess
from edge_runtime.synthetic_dataset import write_dataset

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def command(tmp_path_factory: pytest.TempPathFactory) -> Command:
    """Runs one of the four commands as its user does, and checks that it shows no traceback."""
    cache = tmp_path_factory.mktemp("cache")

    def run(package: str, *arguments: object, expect: int = 0) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", package, *map(str, arguments)]
        environment = os.environ | {"PYTHONWARNINGS": "default", "MELANOMA_CACHE": str(cache)}
        done = subprocess.run(
            line, capture_output=True, text=True, check=False, env=environment, errors="replace"
        )
        assert done.returncode == expect, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    return run


@pytest.fixture(scope="session")
def drawn_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """80 drawn pictures of 96 pixels in benign/ and malignant/, with their metadata."""
    folder = tmp_path_factory.mktemp("data") / "drawn"
    write_dataset(folder, benign=40, malignant=40, seed=3, size_hw=(96, 96))
    return folder


@pytest.fixture(scope="session")
def run_folder(
    command: Command, drawn_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A model with a random base of one block, trained on the drawn pictures."""
    out = tmp_path_factory.mktemp("train") / "run"
    options = ("--weights", "none", "--cut", "mixed0", "--image-size", 75, "--demonstration")
    command("trainer", "fit", drawn_data, "--out", out, *options)
    return out


@pytest.fixture(scope="session")
def table() -> Callable[[Path], list[dict[str, float]]]:
    """Reads a history of a run."""

    def read(path: Path) -> list[dict[str, float]]:
        with path.open() as stream:
            rows = list(csv.DictReader(stream))
        return [{name: float(text) for name, text in row.items()} for row in rows]

    return read


@pytest.fixture(scope="session")
def logits_of_the_model() -> Callable[[Path, Path], npt.NDArray[np.float64]]:
    """What a run's model.keras says of the pixels of each picture in its scores.csv."""

    def logits(run: Path, data: Path) -> npt.NDArray[np.float64]:
        import keras

        saved: Any = keras.models.load_model(run / "model.keras")
        model = keras.Model(saved.input, saved.get_layer("logit").output)
        spec = Preprocessing(size_hw=saved.input.shape[1:3])
        files = [picture.file for picture in read_scores(run / "scores.csv")]
        pixels = np.stack([preprocess(data / file, spec) for file in files])
        return np.asarray(model.predict(pixels.astype(np.float32), verbose=0))[:, 0].astype(float)

    return logits


@pytest.fixture(scope="session")
def wide_gate() -> tuple[str, str]:
    """Limits that a random network keeps.

    Whether its int8 swaps two of the few validation pictures depends on the processor, and a few
    swaps are beyond what real models are held to.
    """
    return "--gate", "auc_drop<=0.3, sensitivity_drop<=0.3"


@pytest.fixture(scope="session")
def models(
    command: Command,
    run_folder: Path,
    wide_gate: tuple[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Its default variants."""
    out = tmp_path_factory.mktemp("convert") / "models"
    command("converter", "export", run_folder, "--out", out, *wide_gate)
    return out
