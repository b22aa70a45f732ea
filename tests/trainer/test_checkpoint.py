"""The state between two epochs: given back as it was, or not at all."""

import logging
import resource
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_runtime.errors import DatasetError
from trainer.checkpoint import TrainingState, load_state, save_state

Arrays = Sequence[npt.NDArray[Any]]


def state_of(epochs: int = 2) -> TrainingState:
    rng = np.random.default_rng(epochs)
    weights = [rng.normal(size=(3, 4)).astype(np.float32), np.float32(rng.normal(size=4))]
    return TrainingState(
        weights=weights,
        optimizer=[np.array(7, np.int64), np.array(1e-3, np.float32), *weights],
        history=[
            {"epoch": number + 1, "loss": float(rng.normal()), "val_auc": 1 / 3}
            for number in range(epochs)
        ],
        best_epoch=epochs - 1,
        best_weights=[rng.normal(size=(2, 2)) for _ in range(12)],
    )


def require_equal(found: Arrays, expected: Arrays) -> None:
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """Where the checkpoint lies; every warning of the run is seen."""
    return tmp_path / "checkpoint_final.npz"


@pytest.fixture(autouse=True)
def messages(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger("melanoma"), "propagate", True)
    caplog.set_level(logging.INFO, "melanoma")


def test_a_state_comes_back_bit_for_bit(checkpoint: Path) -> None:
    state = state_of()
    save_state(checkpoint, state, "key")
    found = load_state(checkpoint, "key")
    assert found is not None
    for name in ("weights", "optimizer", "best_weights"):
        require_equal(getattr(found, name), getattr(state, name))
    assert (found.history, found.best_epoch) == (state.history, state.best_epoch)
    assert [path.name for path in checkpoint.parent.iterdir()] == [checkpoint.name]


def test_the_latest_state_replaces_the_one_before(checkpoint: Path) -> None:
    for epochs in (1, 2, 3):
        save_state(checkpoint, state_of(epochs), "key")
    found = load_state(checkpoint, "key")
    assert found is not None
    assert len(found.history) == 3


def test_without_a_checkpoint_there_is_no_state(
    checkpoint: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert load_state(checkpoint, "key") is None
    assert caplog.text == ""


def test_the_state_of_other_options_is_not_used(
    checkpoint: Path, caplog: pytest.LogCaptureFixture
) -> None:
    save_state(checkpoint, state_of(), "key")
    assert load_state(checkpoint, "another") is None
    assert "of other options: training begins anew" in caplog.text


def test_half_a_state_beside_it_disturbs_nothing(checkpoint: Path) -> None:
    save_state(checkpoint, state_of(), "key")
    # As a kill amid the writing of the next one leaves it.
    beside = checkpoint.with_name(f"{checkpoint.name}.partial")
    beside.write_bytes(checkpoint.read_bytes()[:500])
    assert load_state(checkpoint, "key") is not None
    save_state(checkpoint, state_of(3), "key")
    assert [path.name for path in checkpoint.parent.iterdir()] == [checkpoint.name]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kept=st.floats(0, 0.999))
def test_a_checkpoint_that_was_cut_short_is_named_and_begun_anew(
    checkpoint: Path, caplog: pytest.LogCaptureFixture, kept: float
) -> None:
    caplog.clear()
    save_state(checkpoint, state_of(), "key")
    whole = checkpoint.read_bytes()
    checkpoint.write_bytes(whole[: int(kept * len(whole))])
    assert load_state(checkpoint, "key") is None
    assert "warning: the checkpoint cannot be read" in caplog.text
    assert "training begins anew" in caplog.text


@pytest.mark.parametrize("content", [b"", b"words", b"PK\x03\x04", b"\x93NUMPY\x01\x00v\x00{"])
def test_a_file_of_another_kind_is_named_and_begun_anew(
    checkpoint: Path, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    checkpoint.write_bytes(content)
    assert load_state(checkpoint, "key") is None
    assert "warning: the checkpoint cannot be read" in caplog.text


def test_a_damaged_array_is_noticed(checkpoint: Path, caplog: pytest.LogCaptureFixture) -> None:
    state = state_of()
    save_state(checkpoint, state, "key")
    damaged = checkpoint.read_bytes().replace(state.weights[0].tobytes(), bytes(48))
    checkpoint.write_bytes(damaged)
    assert load_state(checkpoint, "key") is None
    assert "warning: the checkpoint cannot be read" in caplog.text


def test_a_full_disk_is_named_and_the_last_state_stays(checkpoint: Path) -> None:
    save_state(checkpoint, state_of(), "key")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(DatasetError, match=r"expected room for 'checkpoint_final.npz' in .+"):
            save_state(checkpoint, state_of(3), "key")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    found = load_state(checkpoint, "key")
    assert found is not None
    assert len(found.history) == 2
    assert list(checkpoint.parent.iterdir()) == [checkpoint]
