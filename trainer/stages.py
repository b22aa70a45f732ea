"""Trains one split: the head on frozen features, then the free blocks with it."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.contract.manifest import Picture, manifest_sha256
from edge_runtime.evaluation import roc_auc
from trainer.blend import blend_weights
from trainer.blog import train_blog_head
from trainer.checkpoint import Row
from trainer.config import FitConfig
from trainer.distribution import ALONE, Distribution
from trainer.epoch_plan import EpochPlan
from trainer.feature_rows import FeatureRows
from trainer.fine_tune import Course, FineTuning, fine_tune, predict_logits
from trainer.folds import draw_folds
from trainer.head import Head, shift_logit
from trainer.hidden_layer import train_hidden_layer
from trainer.logistic import train_neuron
from trainer.model import Tunable
from trainer.prepare import Prepared
from trainer.splits import stratified_groups
from trainer.standardisation import Standardisation

# Long enough to outlive the noise of single batches, short enough to follow a short training.
AVERAGING = 0.98
_PATIENCE = 3
# Of the training pictures, for the penalty of stage 1.
_INNER_FOLDS = 5
_LABEL_SMOOTHING = 0.0


@dataclass(frozen=True, kw_only=True)
class Trained:
    """What a split's training came to.

    Attributes:
        head: Of stage 1, with its history.
        stage_1_logits: Float64 (n,) of all pictures after stage 1.
        logits: After the last stage.
        layers: The head's layers after the last stage.
        history: Rows of stage 2; empty without it.
        best_epoch: Of the last stage.
        tuned_share: How far the weights lie from those of stage 1 to those of the best epoch of
            stage 2, 0 to 1; 0 without it.
    """

    head: Head
    stage_1_logits: npt.NDArray[np.float64]
    logits: npt.NDArray[np.float64]
    layers: Sequence[tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]]
    history: list[Row]
    best_epoch: int
    tuned_share: float


def train_split(
    keras: Any,
    config: FitConfig,
    prepared: Prepared,
    pictures: Sequence[Picture],
    *,
    checkpoint: Path,
    log_epoch: Callable[[Row], None],
    distribution: Distribution = ALONE,
) -> Trained:
    """Train on the pictures' train split; the prepared network is left with the trained weights.

    Args:
        keras: The keras package.
        config: Options.
        prepared: From :func:`trainer.prepare.prepare`, for the same pictures.
        pictures: With the splits of this training.
        checkpoint: File that stage 2 keeps its state in; a training of the same key goes on.
        log_epoch: Is told each row of stage 2.
        distribution: Devices and workers that stage 2 trains on.
    """
    splits = np.array([picture.split for picture in pictures])
    train, valid = (np.flatnonzero(splits == name) for name in ("train", "valid"))
    head = _stage_1(keras, config, prepared, pictures, (train, valid))
    logits = _rows(prepared, np.arange(len(pictures))).logits(head.layers)
    after_stage_1 = Trained(
        head=head,
        stage_1_logits=logits,
        logits=logits,
        layers=head.layers,
        history=[],
        best_epoch=head.best_epoch,
        tuned_share=0.0,
    )
    if prepared.tunable is None or prepared.feed is None:
        return after_stage_1
    course = Course(
        model=prepared.model,
        depths=prepared.tunable.depths,
        feed=prepared.feed,
        plan=_plan(config, prepared, train),
        valid=valid,
        checkpoint=checkpoint,
        key=f"{training_key(config, prepared)}:{manifest_sha256(pictures)}",
        log_epoch=log_epoch,
        distribution=distribution,
    )
    return _stage_2(keras, config, prepared, prepared.tunable, course, after_stage_1)


def _plan(config: FitConfig, prepared: Prepared, train: npt.NDArray[np.int_]) -> EpochPlan:
    return EpochPlan(
        labels=prepared.labels,
        train=train,
        imbalance=config.imbalance,
        views=config.views,
        seed=config.seed,
    )


def _stage_2(
    keras: Any,
    config: FitConfig,
    prepared: Prepared,
    tunable: Tunable,
    course: Course,
    before: Trained,
) -> Trained:
    tunable.top.set_weights(prepared.initial)
    # Stage 2 counts both classes alike: its logits are those of even classes.
    shift = course.plan.logit_shift
    scaling = Standardisation.of(_rows(prepared, course.plan.train).features())
    tunable.set_head(shift_logit(before.layers, shift), scaling)
    before_stage_2 = course.model.get_weights()
    history, best_epoch = fine_tune(keras, course, _options(config))
    tuned_share = blend_weights(course.model, before_stage_2, lambda: _validation_auc(course))
    everything = np.arange(len(before.logits))
    return replace(
        before,
        logits=predict_logits(course.model, course.feed, everything) - shift,
        layers=shift_logit(tunable.head(), -shift),
        history=history,
        best_epoch=best_epoch,
        tuned_share=tuned_share,
    )


def _validation_auc(course: Course) -> float:
    logits = predict_logits(course.model, course.feed, course.valid)
    return roc_auc(course.plan.labels[course.valid], logits)


def _stage_1(
    keras: Any,
    config: FitConfig,
    prepared: Prepared,
    pictures: Sequence[Picture],
    parts: tuple[npt.NDArray[np.int_], npt.NDArray[np.int_]],
) -> Head:
    train, valid = parts
    if config.recipe == "blog":
        return train_blog_head(
            keras,
            prepared.features,
            prepared.labels,
            parts,
            views=config.views,
            seed=config.seed,
        )
    taught = _rows(prepared, train, views=config.stage_1_views)
    judged = _rows(prepared, valid)
    if config.head == "neuron":
        fold_of = _inner_folds([pictures[index] for index in train], config.seed)
        return train_neuron(taught, judged, fold_of, epochs=config.epochs)
    return train_hidden_layer(
        keras, taught, judged, kind=config.head, epochs=config.epochs, seed=config.seed
    )


def _rows(prepared: Prepared, indices: npt.NDArray[np.int_], *, views: int = 0) -> FeatureRows:
    return FeatureRows(
        outputs=prepared.features, labels=prepared.labels, indices=indices, views=views
    )


def _inner_folds(pictures: Sequence[Picture], seed: int) -> npt.NDArray[np.int_]:
    """Fold of each training picture; fewer folds where a class has few groups."""
    groups = stratified_groups(pictures)
    fewest = min(map(len, groups.values())) if len(groups) > 1 else 1
    fold_of = draw_folds(pictures, min(_INNER_FOLDS, fewest), np.random.default_rng(seed))
    return np.array([fold_of[picture.file] for picture in pictures])


def _options(config: FitConfig) -> FineTuning:
    return FineTuning(
        epochs=config.fine_tune_epochs,
        patience=_PATIENCE,
        batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        averaging=AVERAGING,
        label_smoothing=_LABEL_SMOOTHING,
        seed=config.seed,
    )


def training_key(config: FitConfig, prepared: Prepared) -> str:
    """Digest of all that a training depends on besides its split."""
    settings = [
        prepared.key,
        config.head,
        config.epochs,
        config.fine_tune_epochs,
        config.views,
        config.learning_rate,
        config.dropout,
        config.imbalance,
        config.batch_size,
    ]
    return hashlib.sha256(json.dumps(settings).encode()).hexdigest()
