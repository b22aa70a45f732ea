"""Trains once per fold and scores every picture by the model that never saw it."""

import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.console import log
from edge_runtime.contract.manifest import Picture, ScoredPicture, manifest_sha256
from edge_runtime.evaluation import Estimate, bootstrap_metrics
from trainer.calibrate import Calibrated, calibrate
from trainer.config import FitConfig
from trainer.durable import written_whole
from trainer.prepare import binary_labels
from trainer.stages import Trained

Logits = npt.NDArray[np.float64]
TrainFold = Callable[[int, Sequence[Picture]], Trained]
_RANKING = ("roc_auc", "pr_auc")


@dataclass(frozen=True, kw_only=True)
class OutOfFold:
    """Every picture, scored by the fold that tested it.

    Attributes:
        pictures: In the split ``test``, with the calibrated score of their fold's model.
        thresholds: Of the operating point of each picture's fold, (n,).
    """

    pictures: list[ScoredPicture]
    thresholds: npt.NDArray[np.float64]


def cross_validate(
    config: FitConfig, folds: Sequence[Sequence[Picture]], work: Path, key: str, train: TrainFold
) -> dict[str, OutOfFold]:
    """Train on each fold; folds that an interrupted run has done are read.

    Args:
        config: Options.
        folds: All pictures with their splits, once per fold.
        work: Folder that keeps the logits of the folds done.
        key: Names all that a fold depends on besides its split.
        train: Trains a fold, given its number and pictures.

    Returns:
        ``out_of_fold``, and ``out_of_fold_stage_1`` where a second stage followed.
    """
    stages: dict[str, list[Logits]] = {"out_of_fold": [], "out_of_fold_stage_1": []}
    for number, pictures in enumerate(folds):
        log.info("fold %d of %d", number + 1, len(folds))
        path = work / f"fold_{number}.npz"
        fold_key = f"{key}:{manifest_sha256(pictures)}"
        done = _read_fold(path, fold_key)
        if done is None:
            trained = train(number, pictures)
            done = trained.logits, trained.stage_1_logits
            _write_fold(path, fold_key, done)
        for name, logits in zip(stages, done, strict=True):
            stages[name].append(logits)
    if config.first_free_block is None:
        del stages["out_of_fold_stage_1"]
    return {name: _gather(config, folds, logits) for name, logits in stages.items()}


def _gather(
    config: FitConfig, folds: Sequence[Sequence[Picture]], logits: Sequence[Logits]
) -> OutOfFold:
    found: dict[str, tuple[ScoredPicture, float]] = {}
    for pictures, values in zip(folds, logits, strict=True):
        calibrated: Calibrated = calibrate(values, pictures, config.target)
        threshold = calibrated.operating_point.threshold
        found |= {p.file: (p, threshold) for p in calibrated.pictures if p.split == "test"}
    ordered = [found[picture.file] for picture in folds[0]]
    return OutOfFold(
        pictures=[picture for picture, _ in ordered],
        thresholds=np.array([threshold for _, threshold in ordered]),
    )


def out_of_fold_metrics(config: FitConfig, result: OutOfFold) -> dict[str, Estimate]:
    """Metrics over all pictures, each judged at its fold's operating point; intervals over groups.

    ROC-AUC and PR-AUC compare the calibrated scores of all folds.
    """
    labels = binary_labels(result.pictures)
    scores = np.array([picture.score for picture in result.pictures])
    groups = np.array([picture.group for picture in result.pictures])

    def metrics(values: Any, threshold: float) -> dict[str, Estimate]:
        return bootstrap_metrics(
            labels,
            values,
            threshold,
            groups=groups,
            resamples=config.resamples,
            seed=config.seed,
        )

    ranking = metrics(scores, 0.5)
    # Only on which side of its threshold each score lies matters here.
    decided = metrics((scores >= result.thresholds).astype(float), 0.5)
    return {name: (ranking if name in _RANKING else decided)[name] for name in ranking}


def _write_fold(path: Path, key: str, logits: tuple[Logits, Logits]) -> None:
    with written_whole(path) as stream:
        np.savez(stream, key=np.array(key), logits=logits[0], stage_1=logits[1])


def _read_fold(path: Path, key: str) -> tuple[Logits, Logits] | None:
    try:
        with path.open("rb") as stream, np.load(stream) as stored:
            if str(stored["key"]) == key:
                return stored["logits"], stored["stage_1"]
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
        pass  # not there, or not whole: the fold is trained
    return None
