"""The state of a training between two epochs, written so that no kill leaves half of it."""

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.console import log
from trainer.durable import written_whole

Arrays = list[npt.NDArray[Any]]
Row = dict[str, float]


@dataclass(frozen=True, kw_only=True)
class TrainingState:
    """All that the next epoch depends on.

    Attributes:
        weights: Of the model.
        optimizer: The optimizer's variables: step, moments, averages.
        history: One row for each epoch done.
        best_epoch: Epoch of the best weights, from 1.
        best_weights: Averaged weights of that epoch.
    """

    weights: Arrays
    optimizer: Arrays
    history: list[Row]
    best_epoch: int
    best_weights: Arrays


def save_state(path: Path, state: TrainingState, key: str) -> None:
    """Write the state, whole or not at all.

    Raises:
        DatasetError: If the disk is full.
    """
    arrays = {
        f"{name}/{number}": array
        for name in ("weights", "optimizer", "best_weights")
        for number, array in enumerate(getattr(state, name))
    }
    record = {"key": key, "history": state.history, "best_epoch": state.best_epoch}
    with written_whole(path) as stream:
        np.savez(stream, record=np.array(json.dumps(record)), **arrays)


def load_state(path: Path, key: str) -> TrainingState | None:
    """The state of a training with the same key; None where there is none."""
    try:
        with path.open("rb") as stream, np.load(stream) as stored:
            record = json.loads(str(stored["record"]))
            if record["key"] != key:
                log.info("the checkpoint is of other options: training begins anew")
                return None
            return TrainingState(
                weights=_arrays(stored, "weights"),
                optimizer=_arrays(stored, "optimizer"),
                history=record["history"],
                best_epoch=record["best_epoch"],
                best_weights=_arrays(stored, "best_weights"),
            )
    except FileNotFoundError:
        return None
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
        log.warning("warning: the checkpoint cannot be read (%s): training begins anew", error)
        return None


def _arrays(stored: Any, name: str) -> Arrays:
    count = sum(key.startswith(f"{name}/") for key in stored.files)
    return [stored[f"{name}/{number}"] for number in range(count)]
