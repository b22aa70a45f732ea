"""From a folder of labelled pictures to a run folder: split, features, head, operating point."""

import hashlib
import json
from collections.abc import Sequence
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
from trainer.model import attach_head, build_feature_model
from trainer.splits import require_both_classes, split_pictures
from trainer.weights import describe_weights


def fit(config: FitConfig, out: Path) -> dict[str, Any]:
    """Train a model and write its run folder.

    The work lies in ``<out>.partial`` until it is whole; after an interruption, the same
    configuration goes on from there.

    Returns:
        The run's metrics, as in its ``metrics.json``.

    Raises:
        OutputExistsError: If ``out`` exists.
        DatasetError: If the data set or its split is unsound.
        MissingDependencyError: If Keras or matplotlib is missing.
    """
    require_absent(out)
    work = out.with_name(out.name + ".partial")
    initial_weights = describe_weights(config.weights)
    dataset = find_dataset(config.data)
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
    features, unusable = compute_features(feature_model, pictures, _feature_job(config, work, key))
    unusable |= dict(dataset.unreadable)
    for file, reason in unusable.items():
        log.warning("warning: %s left out: %s", file, reason)
    usable = np.isfinite(features[:, 0])
    pictures = [picture for picture, keep in zip(pictures, usable, strict=True) if keep]
    require_both_classes(pictures)
    head = _train(keras, config, features[usable], pictures)
    finished = _finish(keras, config, feature_model, head, features[usable], pictures)
    fitted = FittedModel(**finished, head=head, unusable=unusable, initial_weights=initial_weights)
    return write_run(config, fitted, keras=keras, work=work, out=out)


def _feature_job(config: FitConfig, work: Path, key: str) -> FeatureJob:
    return FeatureJob(
        folder=config.data,
        preprocessing=Preprocessing(size_hw=(config.image_size, config.image_size)),
        cache=work,
        key=key,
        batch_size=config.batch_size,
    )


def _train(keras: Any, config: FitConfig, features: Features, pictures: list[Picture]) -> Head:
    labels, splits = binary_labels(pictures), np.array([p.split for p in pictures])
    train, valid = ((features[splits == s], labels[splits == s]) for s in ("train", "valid"))
    return train_head(keras, train, valid, epochs=config.epochs, seed=config.seed)


def _finish(
    keras: Any,
    config: FitConfig,
    feature_model: Any,
    head: Head,
    features: Features,
    pictures: list[Picture],
) -> dict[str, Any]:
    """Calibrate on the validation pictures and score all of them."""
    logits = head.logits(features)
    labels, splits = binary_labels(pictures), np.array([p.split for p in pictures])
    valid = splits == "valid"
    temperature = fit_temperature(logits[valid], labels[valid])
    scores = scores_from_logits(logits, temperature)
    point = choose_operating_point(
        labels[valid], scores[valid], rule=config.target.rule, target=config.target.value
    )
    return {
        "model": attach_head(keras, feature_model, head.kernel, head.bias),
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
