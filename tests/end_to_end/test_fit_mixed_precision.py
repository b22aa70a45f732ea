"""Training in bfloat16, as on a GPU: only the number of GPUs is made up."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

pytest.importorskip("keras", reason="needs the train extra")

from edge_runtime.console import log
from edge_runtime.contract.manifest import read_scores
from trainer.backend import import_keras
from trainer.config import FitConfig
from trainer.fit import fit

pytestmark = pytest.mark.tensorflow


@pytest.fixture
def keras(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Keras with a GPU, as far as the trainer knows."""
    monkeypatch.setattr("trainer.backend.gpu_count", lambda _: 1)
    keras = import_keras()
    yield keras
    keras.mixed_precision.set_dtype_policy("float32")


def test_the_model_that_is_saved_is_float32_and_scores_as_it_did_in_training(
    keras: Any,
    logits_of_the_model: Callable[[Path, Path], npt.NDArray[np.float64]],
    drawn_data: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    config = FitConfig(
        data=drawn_data,
        cache=tmp_path / "cache",
        weights="none",
        cut="mixed1",
        image_size=75,
        views=1,
        epochs=5,
        fine_tune_epochs=1,
        batch_size=64,
    )
    with caplog.at_level("INFO", logger=log.name):
        fit(config, tmp_path / "run")
    assert "mixed precision (bfloat16)" in caplog.text
    model = keras.models.load_model(tmp_path / "run" / "model.keras")
    assert {layer.dtype_policy.name for layer in model.layers} == {"float32"}
    assert {variable.dtype for variable in model.variables} == {"float32"}
    pictures = read_scores(tmp_path / "run" / "scores.csv")
    said = [picture.logit for picture in pictures]
    differences = np.abs(logits_of_the_model(tmp_path / "run", drawn_data) - said)
    # Three decimal digits of bfloat16: they differ, but not by much.
    assert 1e-5 < differences.max() < 0.3
