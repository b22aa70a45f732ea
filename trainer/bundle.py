"""The run folder: what the converter, the benchmarks and a reader find after training."""

import csv
import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge_runtime.contract.card import (
    Architecture,
    CardDraft,
    TrainingRecord,
    dump_card,
)
from edge_runtime.contract.card_versions import SCHEMA_VERSION
from edge_runtime.contract.labels import Labels
from edge_runtime.contract.manifest import (
    SCORES_FILE,
    SPLIT_FILE,
    SPLITS,
    Picture,
    ScoredPicture,
    manifest_sha256,
    write_pictures,
)
from edge_runtime.contract.operating_point import OperatingPoint
from edge_runtime.contract.preprocess import Preprocessing
from edge_runtime.evaluation import Estimate, bootstrap_metrics, confusion
from trainer.backend import backend_versions
from trainer.config import BACKBONE, FitConfig
from trainer.cross_validation import OutOfFold, out_of_fold_metrics
from trainer.plots import plot_confusion, plot_curves, plot_roc
from trainer.prepare import FROZEN_FILES
from trainer.stages import Trained

MODEL_FILE, DRAFT_FILE, RUN_FILE = "model.keras", "card.json", "run.json"


@dataclass(frozen=True, kw_only=True)
class FittedModel:
    """Everything that a run folder is written from.

    Attributes:
        folder: What the pictures' paths are relative to.
        trained: Its training.
        pictures: All usable pictures with their outputs.
        unusable: Reason by file of those left out.
        temperature: Fitted on the validation pictures.
        operating_point: Chosen on them.
        initial_weights: As the card names them.
        grouped_by: What the split kept together.
        leaked_pictures: How many lie across the splits nevertheless.
        out_of_fold: Scores of cross-validation by stage; empty without folds.
    """

    folder: Path
    trained: Trained
    pictures: Sequence[ScoredPicture]
    unusable: dict[str, str]
    temperature: float
    operating_point: OperatingPoint
    initial_weights: str
    grouped_by: str
    leaked_pictures: int
    out_of_fold: Mapping[str, OutOfFold]


def write_run(
    config: FitConfig,
    fitted: FittedModel,
    model: Any,
    *,
    keras: Any,
    work: Path,
    out: Path,
) -> dict[str, Any]:
    """Fill the work folder and give it its name.

    Args:
        config: Options.
        fitted: What to write.
        model: The whole Keras model.
        keras: The keras package.
        work: Folder that training worked in.
        out: Its name once it is whole.

    Returns:
        Metrics by split: name to value, low and high.
    """
    model.save(work / MODEL_FILE)
    write_pictures(work / SPLIT_FILE, [_without_output(p) for p in fitted.pictures])
    write_pictures(work / SCORES_FILE, fitted.pictures)
    for name, one in fitted.out_of_fold.items():
        write_pictures(work / f"{name}.csv", one.pictures)
    _write_table(work / "history.csv", fitted.trained.history or fitted.trained.head.history)
    if fitted.trained.history:
        _write_table(work / "history_stage_1.csv", fitted.trained.head.history)
    if fitted.unusable:
        rows = [{"file": file, "reason": why} for file, why in sorted(fitted.unusable.items())]
        _write_table(work / "unusable.csv", rows)
    versions = backend_versions(keras)
    draft = _draft(config, fitted, versions, work)
    (work / DRAFT_FILE).write_text(dump_card(draft), encoding="utf-8")
    estimates = {
        split: _estimates(config, fitted, split)
        for split in SPLITS
        if any(picture.split == split for picture in fitted.pictures)
    }
    crossed = {name: out_of_fold_metrics(config, one) for name, one in fitted.out_of_fold.items()}
    metrics = {
        split: {name: estimate.as_dict() for name, estimate in row.items()}
        for split, row in (*crossed.items(), *estimates.items())
    }
    _write_json(work / "metrics.json", metrics)
    _write_json(work / RUN_FILE, _run_record(config, fitted, versions))
    _plot(fitted, estimates, work)
    _remove_leftovers(work)
    work.rename(out)
    return metrics


def _draft(
    config: FitConfig, fitted: FittedModel, versions: dict[str, str], work: Path
) -> CardDraft:
    counts = Counter(f"{picture.split}/{picture.label}" for picture in fitted.pictures)
    return CardDraft(
        schema_version=SCHEMA_VERSION,
        architecture=Architecture(
            backbone=BACKBONE,
            pooled_from=config.pool_from or config.cut,
            pooled_middle=config.pool_middle,
            cut=config.cut,
            initial_weights=fitted.initial_weights,
        ),
        preprocessing=Preprocessing(size_hw=(config.image_size, config.image_size)),
        labels=Labels(),
        training=TrainingRecord(
            pictures=dict(sorted(counts.items())),
            grouped_by=fitted.grouped_by,
            leaked_pictures=fitted.leaked_pictures,
            imbalance=_imbalance(config),
            seed=config.seed,
            split_sha256=manifest_sha256(fitted.pictures),
            model_sha256=hashlib.sha256((work / MODEL_FILE).read_bytes()).hexdigest(),
            versions=versions,
            demonstration=config.demonstration,
        ),
        temperature=fitted.temperature,
        operating_point=fitted.operating_point,
    )


def _imbalance(config: FitConfig) -> str:
    """How unequal classes were treated, in words."""
    if config.recipe == "blog":
        return "none"
    if config.first_free_block is None:
        return "class weights"
    return config.imbalance.replace("-", " ")


def _remove_leftovers(work: Path) -> None:
    """What only an interrupted run would have needed."""
    for name in FROZEN_FILES:
        (work / name).unlink(missing_ok=True)
    for pattern in ("checkpoint_*.npz", "fold_*.npz", "*.partial"):
        for path in work.glob(pattern):
            path.unlink()


def _arrays(pictures: Sequence[ScoredPicture], split: str) -> tuple[Any, Any, Any]:
    """Labels (n,), scores (n,) and groups (n,) of one split."""
    chosen = [picture for picture in pictures if picture.split == split]
    labels = np.array([int(picture.label == Labels().positive) for picture in chosen])
    scores = np.array([picture.score for picture in chosen])
    return labels, scores, np.array([picture.group for picture in chosen])


def _estimates(config: FitConfig, fitted: FittedModel, split: str) -> dict[str, Estimate]:
    labels, scores, groups = _arrays(fitted.pictures, split)
    return bootstrap_metrics(
        labels,
        scores,
        fitted.operating_point.threshold,
        groups=groups,
        resamples=config.resamples,
        seed=config.seed,
    )


def _plot(fitted: FittedModel, estimates: dict[str, dict[str, Estimate]], work: Path) -> None:
    plots = work / "plots"
    plots.mkdir(exist_ok=True)
    threshold = fitted.operating_point.threshold
    arrays = {split: _arrays(fitted.pictures, split)[:2] for split in estimates}
    history = fitted.trained.history or fitted.trained.head.history
    plot_curves(history, plots / "curves.png", kept_epoch=fitted.trained.best_epoch)
    plot_roc(
        plots / "roc.png",
        arrays,
        {split: row["roc_auc"] for split, row in estimates.items()},
        operating_points={
            split: (row["sensitivity"].value, 1 - row["specificity"].value)
            for split, row in estimates.items()
        },
    )
    last = "test" if "test" in arrays else "valid"
    plot_confusion(
        confusion(*arrays[last], threshold),
        plots / "confusion_matrix.png",
        title=f"{last} pictures at threshold {threshold:.3f}",
    )


def _run_record(config: FitConfig, fitted: FittedModel, versions: dict[str, str]) -> dict[str, Any]:
    options = {
        name: value for name, value in vars(config).items() if name not in ("target", "place")
    }
    return {
        "options": options
        | {
            "data": str(config.data.resolve()),
            "cache": str(config.cache) if config.cache else None,
            "first_free_block": config.first_free_block,
            "workers": len(config.place.addresses) if config.place else 1,
            "target": f"{config.target.rule}={config.target.value:g}",
        },
        "picture_folder": str(fitted.folder.resolve()),
        "best_epoch": fitted.trained.best_epoch,
        "tuned_share": fitted.trained.tuned_share,
        "unusable_pictures": len(fitted.unusable),
        "versions": versions,
    }


def _without_output(picture: ScoredPicture) -> Picture:
    names = ("file", "sha256", "label", "group", "split")
    return Picture(**{name: getattr(picture, name) for name in names})


def _write_table(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8", errors="surrogateescape") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n", encoding="utf-8")
