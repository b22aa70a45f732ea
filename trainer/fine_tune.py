"""Stage 2: trains the free blocks and the head together, an epoch at a time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.console import log, progress
from edge_runtime.evaluation import roc_auc
from trainer.checkpoint import Arrays, Row, TrainingState, load_state, save_state
from trainer.distribution import ALONE, Distribution
from trainer.epoch_plan import EpochPlan
from trainer.feed import Feed
from trainer.made_ahead import Wait, made_ahead
from trainer.optimizer import BLOCK_DECAY, Schedule, build_optimizer

Indices = npt.NDArray[np.int_]
_PREDICT_BATCH = 128


@dataclass(frozen=True, kw_only=True)
class FineTuning:
    """How stage 2 goes.

    Attributes:
        epochs: At most so many.
        patience: Epochs without a better validation ROC-AUC before it stops.
        batch_size: Pictures in a step, of all devices and workers together.
        learning_rate: Of the head and the last block; others learn slower the deeper they lie.
        averaging: Momentum of the averaged weights, which are the ones that count.
        label_smoothing: Share of the target moved to the other class.
        seed: Fixes dropout; the plan fixes order and views.
    """

    epochs: int
    patience: int
    batch_size: int
    learning_rate: float
    averaging: float
    label_smoothing: float
    seed: int


@dataclass(frozen=True, kw_only=True)
class Course:
    """What stage 2 works on.

    Attributes:
        model: Keras model from the feed's inputs to the logit (n, 1).
        depths: Blocks between each free variable and the head, by path.
        feed: Where inputs come from.
        plan: Which pictures each epoch shows.
        valid: Indices of the validation pictures.
        checkpoint: File that holds the state between epochs.
        key: Names all that the course depends on.
        log_epoch: Is told each epoch's row.
        wait: What training waits for its inputs is added to it.
        distribution: Devices and workers that train together.
    """

    model: Any
    depths: dict[str, int]
    feed: Feed
    plan: EpochPlan
    valid: Indices
    checkpoint: Path
    key: str
    log_epoch: Callable[[Row], None]
    distribution: Distribution = ALONE
    wait: Wait = field(default_factory=Wait)


def fine_tune(keras: Any, course: Course, options: FineTuning) -> tuple[list[Row], int]:
    """Train, and leave the model with the averaged weights of its best epoch.

    Returns:
        One row an epoch and the best epoch. ``loss`` is of the augmented pictures as they came,
        ``auc`` of a sample of training pictures as they are, ``val_loss`` and ``val_auc`` of the
        validation pictures; all but ``loss`` with the averaged weights.
    """
    keras.utils.set_random_seed(options.seed)
    replica = replace(course, model=course.distribution.replicate(keras, course.model))
    with course.distribution.scope():
        _compile(keras, replica, options)
    state = load_state(course.checkpoint, course.key)
    if state is None:
        state = _initial_state(replica)
    else:
        log.info("fine-tuning: going on after epoch %d", len(state.history))
        if course.distribution.writes_files:
            # The process may have ended before it was logged; twice the same does no harm.
            course.log_epoch(state.history[-1])
    while not _finished(state, options):
        state = _epoch(replica, options, state)
        if course.distribution.writes_files:
            save_state(course.checkpoint, state, course.key)
            course.log_epoch(state.history[-1])
    course.model.set_weights(state.best_weights)
    best = max([row["val_auc"] for row in state.history], default=float("nan"))
    log.info("fine-tuned: best epoch %d, validation ROC-AUC %.4f", state.best_epoch, best)
    return state.history, state.best_epoch


def _compile(keras: Any, course: Course, options: FineTuning) -> None:
    steps = -(-course.plan.length // options.batch_size) * options.epochs
    schedule = Schedule(
        learning_rate=options.learning_rate, steps=steps, averaging=options.averaging
    )
    depths = (course.depths.get(variable.path) for variable in course.model.trainable_variables)
    factors = [BLOCK_DECAY ** (depth - 1) if depth else 1.0 for depth in depths]
    course.model.compile(
        optimizer=build_optimizer(keras, schedule, factors),
        loss=keras.losses.BinaryCrossentropy(
            from_logits=True, label_smoothing=options.label_smoothing
        ),
        jit_compile=course.distribution.jit_compile,
    )
    course.model.optimizer.build(course.model.trainable_variables)


def _initial_state(course: Course) -> TrainingState:
    weights = course.model.get_weights()
    return TrainingState(
        weights=weights,
        optimizer=_values(course.model.optimizer),
        history=[],
        best_epoch=0,
        best_weights=weights,
    )


def _finished(state: TrainingState, options: FineTuning) -> bool:
    done = len(state.history)
    return done >= options.epochs or (done > 0 and done - state.best_epoch >= options.patience)


def _epoch(course: Course, options: FineTuning, state: TrainingState) -> TrainingState:
    model, number = course.model, len(state.history)
    model.set_weights(state.weights)
    for variable, value in zip(model.optimizer.variables, state.optimizer, strict=True):
        variable.assign(value)
    loss = _train(course, options, number)
    weights, optimizer = model.get_weights(), _values(model.optimizer)
    # Puts the averaged weights into the model, as Keras does at the end of a training.
    model.optimizer.finalize_variable_values(model.trainable_variables)
    row: Row = {"epoch": number + 1, "loss": loss}
    for prefix, indices in (("", course.plan.sample(len(course.valid))), ("val_", course.valid)):
        logits, labels = (
            predict_logits(model, course.feed, indices, course.wait),
            course.plan.labels[indices],
        )
        row[f"{prefix}auc"] = roc_auc(labels, logits)
    row["val_loss"] = _weighted_loss(logits, labels)
    history = [*state.history, row]
    log.info(
        "epoch %d: loss %.4f, validation loss %.4f, ROC-AUC %.4f",
        *(row[name] for name in ("epoch", "loss", "val_loss", "val_auc")),
    )
    best = max([r["val_auc"] for r in state.history], default=-1.0)
    better = row["val_auc"] > best
    return TrainingState(
        weights=weights,
        optimizer=optimizer,
        history=history,
        best_epoch=number + 1 if better else state.best_epoch,
        best_weights=model.get_weights() if better else state.best_weights,
    )


def _train(course: Course, options: FineTuning, epoch: int) -> float:
    """Mean loss over the pictures of one epoch."""
    batches = -(-course.plan.length // options.batch_size)
    inputs = made_ahead(_inputs(course, options, epoch), wait=course.wait)
    steps = progress(inputs, batches, f"epoch {epoch + 1}, steps")
    _seed_dropout(course.model, options.seed, epoch)
    total = count = 0.0
    for size, (inputs, labels, weights) in steps:
        step = course.model.train_on_batch(inputs, labels, sample_weight=weights, return_dict=True)
        total, count = total + float(step["loss"]) * size, count + size
    return total / count


def _seed_dropout(model: Any, seed: int, epoch: int) -> None:
    """Start each epoch's random numbers anew: a run that goes on draws what it would have drawn."""
    for variable in model.non_trainable_variables:
        if "seed_generator" in variable.path:
            variable.assign(np.array([seed, epoch], np.uint32))


def _inputs(
    course: Course, options: FineTuning, epoch: int
) -> Iterator[tuple[int, tuple[Any, Any, Any]]]:
    """Size of each batch, and this worker's share of its inputs, labels and weights."""
    class_weights = np.array(course.plan.class_weights, np.float32)
    for indices, views in course.plan.batches(epoch, options.batch_size):
        share = course.distribution.share(len(indices))
        mine = indices[share.positions]
        labels = course.plan.labels[mine]
        inputs = course.feed.batch(views[share.positions], mine)
        targets = labels.reshape(-1, 1).astype(np.float32)
        yield len(indices), (inputs, targets, class_weights[labels] * share.factors)


def predict_logits(
    model: Any, feed: Feed, indices: Indices, wait: Wait | None = None
) -> npt.NDArray[np.float64]:
    """Logits (n,) of the pictures themselves; ``wait`` as :func:`made_ahead` takes it."""
    inputs = (
        feed.batch(0, indices[i : i + _PREDICT_BATCH])
        for i in range(0, len(indices), _PREDICT_BATCH)
    )
    parts = [
        np.asarray(model.predict_on_batch(batch))[:, 0] for batch in made_ahead(inputs, wait=wait)
    ]
    return np.concatenate(parts).astype(np.float64)


def _values(optimizer: Any) -> Arrays:
    return [variable.numpy() for variable in optimizer.variables]


def _weighted_loss(logits: npt.NDArray[np.float64], labels: npt.NDArray[np.int_]) -> float:
    """Cross-entropy with both classes counting alike."""
    losses = np.logaddexp(0.0, np.where(labels == 1, -logits, logits))
    return float(np.mean([losses[labels == value].mean() for value in (0, 1)]))
