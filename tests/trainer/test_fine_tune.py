"""Stage 2: what it moves and what it leaves, which weights it keeps, and how it goes on."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

pytest.importorskip("keras", reason="needs the train extra")

from edge_runtime.evaluation import roc_auc
from edge_runtime.synthetic import draw_lesion
from trainer.augmentation import AugmentationRanges, build_augmenter
from trainer.backend import import_keras
from trainer.checkpoint import Row
from trainer.epoch_plan import EpochPlan
from trainer.feed import PictureFeed, StoredFeed
from trainer.fine_tune import Course, FineTuning, fine_tune, predict_logits
from trainer.frozen import FrozenJob, compute_frozen
from trainer.model import Network, Tunable, build_network, set_free
from trainer.pixel_cache import CachedPixels

pytestmark = pytest.mark.tensorflow

SIZE = 75
PICTURES = 24
TRAIN, VALID = np.arange(16), np.arange(16, PICTURES)
LABELS = np.arange(PICTURES) % 2
OPTIONS = FineTuning(
    epochs=3,
    patience=3,
    batch_size=8,
    learning_rate=1e-2,
    averaging=0.5,
    label_smoothing=0.0,
    seed=0,
)

Weights = dict[str, npt.NDArray[np.float32]]
Outcome = tuple[list[Row], int, Weights]


class StoppedError(Exception):
    """What ends a training between two epochs."""


@dataclass
class Bench:
    """A network with two free blocks of random weights, and pictures to train it on."""

    keras: Any
    network: Network
    tunable: Tunable
    live: PictureFeed
    stored: StoredFeed
    initial: list[npt.NDArray[np.float32]]

    def weights(self) -> Weights:
        variables = {v.path: v.numpy() for v in self.network.base.variables}
        head = {f"head/{v.path}": v.numpy() for v in self.tunable.dense[0].variables}
        return variables | head

    def train(
        self,
        checkpoint: Path,
        log_epoch: Callable[[Row], None] = lambda _: None,
        options: FineTuning = OPTIONS,
        *,
        live: bool = False,
    ) -> Outcome:
        """Trains from the initial weights, or goes on from the checkpoint."""
        self.tunable.top.set_weights(self.initial)
        course = Course(
            model=self.tunable.live if live else self.tunable.top,
            depths=self.tunable.depths,
            feed=self.live if live else self.stored,
            plan=EpochPlan(
                labels=LABELS,
                train=TRAIN,
                imbalance="class-weights",
                views=0 if live else 1,
                seed=0,
            ),
            valid=VALID,
            checkpoint=checkpoint,
            key="key",
            log_epoch=log_epoch,
        )
        history, best_epoch = fine_tune(self.keras, course, options)
        return history, best_epoch, self.weights()


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    keras = import_keras()
    keras.utils.set_random_seed(0)
    # The malignant ones are darker: what a network of random weights can learn.
    drawn = [
        draw_lesion(("benign", "malignant")[label], number, (SIZE, SIZE)) // (1 + label)
        for number, label in enumerate(LABELS.tolist())
    ]
    live = PictureFeed(
        pixels=CachedPixels(np.stack(drawn), np.arange(PICTURES)),
        contents=[hashlib.sha256(pixels.tobytes()).hexdigest() for pixels in drawn],
        ranges=AugmentationRanges(),
        seed=0,
    )
    network = build_network(keras, weights="none", cut="mixed2", image_size=SIZE)
    augmenter = build_augmenter(keras, SIZE, live.ranges)
    tunable = set_free(keras, network, augmenter, unfreeze="mixed1", widths=(1,), dropout=0.4)
    job = FrozenJob(
        name="activations",
        folder=tmp_path_factory.mktemp("frozen"),
        key="key",
        pictures=PICTURES,
        augmented=TRAIN,
        views=1,
        batch_size=8,
        dtype=np.float16,
    )
    stored = StoredFeed(outputs=compute_frozen(tunable.trunk, live.batch, job))
    initial = tunable.top.get_weights()
    return Bench(keras, network, tunable, live, stored, initial)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the checkpoint of the uninterrupted training lies."""
    return tmp_path_factory.mktemp("whole") / "checkpoint.npz"


@pytest.fixture(scope="module")
def uninterrupted(bench: Bench, finished: Path) -> Outcome:
    return bench.train(finished)


def moved(bench: Bench, after: Weights) -> dict[str, float]:
    """How far each variable moved, on average over its values."""
    bench.tunable.top.set_weights(bench.initial)
    before = bench.weights()
    return {path: float(np.abs(after[path] - before[path]).mean()) for path in before}


def test_stored_activations_give_the_logits_of_the_pictures(bench: Bench) -> None:
    bench.tunable.top.set_weights(bench.initial)
    everything = np.arange(PICTURES)
    stored = predict_logits(bench.tunable.top, bench.stored, everything)
    live = predict_logits(bench.tunable.live, bench.live, everything)
    assert live.std() > 0
    np.testing.assert_allclose(stored, live, atol=0.02 * live.std())


def test_free_blocks_and_head_move_and_nothing_else(bench: Bench, uninterrupted: Outcome) -> None:
    distances = moved(bench, uninterrupted[2])
    expected = {path for path in distances if path.startswith("head/")} | set(bench.tunable.depths)
    assert {path for path, distance in distances.items() if distance > 0} == expected
    # Two blocks of seven convolutions each; batch norm is fixed in free blocks too.
    assert len(bench.tunable.depths) == 14
    assert not any("batch_norm" in path or "moving" in path for path in expected)


def test_blocks_move_the_less_the_deeper_they_lie(bench: Bench, uninterrupted: Outcome) -> None:
    distances = moved(bench, uninterrupted[2])
    means = [
        np.mean([distances[path] for path, depth in bench.tunable.depths.items() if depth == at])
        for at in (2, 1)
    ]
    head = np.mean([distance for path, distance in distances.items() if path.startswith("head/")])
    assert 0 < means[0] < means[1] < head


def test_the_label_is_learned(uninterrupted: Outcome) -> None:
    history, best_epoch, _ = uninterrupted
    assert [row["epoch"] for row in history] == list(range(1, len(history) + 1))
    assert history[-1]["val_loss"] < history[0]["val_loss"]
    assert history[best_epoch - 1]["val_auc"] > 0.9


def test_it_stops_when_patience_is_over_and_keeps_the_weights_of_the_best_epoch(
    bench: Bench, tmp_path: Path
) -> None:
    options = replace(OPTIONS, epochs=9, patience=2)
    history, best_epoch, _ = bench.train(tmp_path / "checkpoint.npz", options=options)
    aucs = [row["val_auc"] for row in history]
    assert best_epoch == 1 + int(np.argmax(aucs)) == len(history) - 2
    logits = predict_logits(bench.tunable.top, bench.stored, VALID)
    best, labels = history[best_epoch - 1], LABELS[VALID]
    losses = np.logaddexp(0, np.where(labels == 1, -logits, logits))
    assert roc_auc(labels, logits) == pytest.approx(best["val_auc"])
    assert losses.mean() == pytest.approx(best["val_loss"], rel=1e-4)
    others = [row["val_loss"] for row in history if row is not best]
    assert not any(losses.mean() == pytest.approx(loss, rel=1e-3) for loss in others)


def test_going_on_gives_what_an_uninterrupted_run_gives(
    bench: Bench, uninterrupted: Outcome, tmp_path: Path
) -> None:
    def stop(row: Row) -> None:
        raise StoppedError(row)

    with pytest.raises(StoppedError):
        bench.train(tmp_path / "checkpoint.npz", stop)
    resumed: list[Row] = []
    history, best_epoch, weights = bench.train(tmp_path / "checkpoint.npz", resumed.append)
    # The first epoch was stored but not logged: the log misses none of them.
    assert [row["epoch"] for row in resumed] == list(range(1, OPTIONS.epochs + 1))
    expected, expected_best, expected_weights = uninterrupted
    assert best_epoch == expected_best
    for row, other in zip(history, expected, strict=True):
        assert row == pytest.approx(other, rel=1e-4)
    for path, values in weights.items():
        np.testing.assert_allclose(values, expected_weights[path], rtol=1e-4, atol=1e-6)


def test_a_finished_training_is_not_repeated(
    bench: Bench, uninterrupted: Outcome, finished: Path
) -> None:
    logged: list[Row] = []
    history, best_epoch, weights = bench.train(finished, logged.append)
    assert (history, best_epoch) == uninterrupted[:2]
    assert logged == history[-1:]  # again, for it may have ended before that
    for path, values in weights.items():
        np.testing.assert_array_equal(values, uninterrupted[2][path])


def test_new_views_each_epoch_train_the_same_blocks(bench: Bench, tmp_path: Path) -> None:
    options = replace(OPTIONS, epochs=1)
    history, _, weights = bench.train(tmp_path / "checkpoint.npz", options=options, live=True)
    assert len(history) == 1
    distances = moved(bench, weights)
    assert {p for p in distances if distances[p] and not p.startswith("head/")} == set(
        bench.tunable.depths
    )
