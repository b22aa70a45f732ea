"""From a folder of labelled pictures to a run folder: split, features, head, operating point."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.console import log, require_absent
from edge_runtime.contract.labels import Labels
from edge_runtime.contract.manifest import Picture, ScoredPicture, manifest_sha256
from edge_runtime.contract.operating_point import (
    choose_operating_point,
    scores_from_logits,
)
from edge_runtime.contract.preprocess import Preprocessing
from edge_runtime.evaluation import fit_temperature
from trainer.backend import import_keras
from trainer.bundle import FittedModel, write_run
from trainer.config import FitConfig
from trainer.dataset import find_dataset
from trainer.features import FeatureJob, Features, compute_features
from trainer.head import Head, train_head
from trainer.lesion_kinds import parse_classes
from trainer.model import attach_head, build_feature_model
from trainer.splits import require_both_classes, split_pictures
from trainer.weights import describe_weights


def fit(config: FitConfig, out: Path) -> dict[str, Any]:
    """Train a model and write its run folder.

    The work lies in ``<out>.partial`` until it is whole; an interrupted run goes on from there.

    Returns:
        Metrics by split, as in ``metrics.json``.

    Raises:
        OutputExistsError: If ``out`` exists.
        DatasetError: If the data set or its split is unsound.
    """
    require_absent(out)
    work = out.with_name(out.name + ".partial")
    initial_weights = describe_weights(config.weights)
    dataset = find_dataset(config.data, classes=parse_classes(config.classes))
    pictures = split_pictures(dataset.pictures, seed=config.seed)
    _log_split(pictures)
    keras = import_keras()
    # Before the network is built: random weights must be the same ones when a run goes on.
    keras.utils.set_random_seed(config.seed)
    feature_model = build_feature_model(
        keras, weights=config.weights, cut=config.cut, image_size=config.image_size
    )
    work.mkdir(parents=True, exist_ok=True)
    key = _feature_key(config, initial_weights, pictures)
    job = _feature_job(config, dataset.folder, work, key)
    features, unusable = compute_features(feature_model, pictures, job)
    unusable |= dict(dataset.unreadable)
    features, pictures = _usable(features, pictures, unusable)
    head = _train(keras, config, features, pictures)
    fitted = FittedModel(
        **_calibrated(config, head.logits(features), pictures),
        folder=dataset.folder,
        model=attach_head(keras, feature_model, head.kernel, head.bias),
        head=head,
        unusable=unusable,
        initial_weights=initial_weights,
    )
    return write_run(config, fitted, keras=keras, work=work, out=out)


def _feature_job(config: FitConfig, folder: Path, work: Path, key: str) -> FeatureJob:
    return FeatureJob(
        folder=folder,
        preprocessing=Preprocessing(size_hw=(config.image_size, config.image_size)),
        cache=work,
        key=key,
        batch_size=config.batch_size,
    )


def _usable(
    features: Features, pictures: list[Picture], unusable: Mapping[str, str]
) -> tuple[Features, list[Picture]]:
    """The pictures that have features; the others are named."""
    for file, reason in unusable.items():
        log.warning("warning: %s left out: %s", file, reason)
    kept = np.isfinite(features[:, 0])
    pictures = [picture for picture, keep in zip(pictures, kept, strict=True) if keep]
    require_both_classes(pictures)
    return features[kept], pictures


def _train(keras: Any, config: FitConfig, features: Features, pictures: list[Picture]) -> Head:
    labels, splits = binary_labels(pictures), np.array([p.split for p in pictures])
    train, valid = ((features[splits == s], labels[splits == s]) for s in ("train", "valid"))
    return train_head(keras, train, valid, epochs=config.epochs, seed=config.seed)


def _calibrated(
    config: FitConfig, logits: npt.NDArray[np.float64], pictures: list[Picture]
) -> dict[str, Any]:
    """Temperature and operating point from the validation pictures, and the scores of all."""
    labels, splits = binary_labels(pictures), np.array([p.split for p in pictures])
    valid = splits == "valid"
    temperature = fit_temperature(logits[valid], labels[valid])
    scores = scores_from_logits(logits, temperature)
    point = choose_operating_point(
        labels[valid], scores[valid], rule=config.target.rule, target=config.target.value
    )
    return {
        "pictures": [
            ScoredPicture(**vars(picture), logit=float(logit), score=float(score))
            for picture, logit, score in zip(pictures, logits, scores, strict=True)
        ],
        "temperature": temperature,
        "operating_point": point,
    }


def binary_labels(pictures: Sequence[Picture]) -> npt.NDArray[np.int_]:
    """1 for the positive label, 0 for the other; shape (n,)."""
    return np.array([int(picture.label == Labels().positive) for picture in pictures])


def _feature_key(config: FitConfig, initial_weights: str, pictures: Sequence[Picture]) -> str:
    settings = [config.cut, config.image_size, initial_weights, config.seed]
    files = [(picture.file, picture.sha256) for picture in pictures]
    return hashlib.sha256(json.dumps([*settings, files]).encode()).hexdigest()


def _log_split(pictures: Sequence[Picture]) -> None:
    for split in ("train", "valid", "test"):
        labels = [picture.label for picture in pictures if picture.split == split]
        counts = ", ".join(f"{labels.count(name)} {name}" for name in sorted(set(labels)))
        log.info("%s: %s", split, counts)
    log.info("split %s", manifest_sha256(pictures)[:16])
