"""The one neuron: what it learns, and that its scores mean the share of positives."""

import numpy as np
import numpy.typing as npt
import pytest

from edge_runtime.evaluation import roc_auc

pytest.importorskip("keras", reason="needs the train extra")

from trainer.backend import import_keras
from trainer.head import HEADS, Head, train_head

pytestmark = pytest.mark.tensorflow

Part = tuple[npt.NDArray[np.float32], npt.NDArray[np.int_]]


def sample(rng: np.random.Generator, count: int) -> Part:
    """Eight features of very different scale, two of which tell; one positive in ten."""
    labels = (rng.random(count) < 0.1).astype(np.int_)
    features = rng.normal(size=(count, 8))
    features[:, 0] += 1.5 * labels
    features[:, 1] -= 1.0 * labels
    scale = np.array([1, 100, 0.01, 5, 1, 1, 1, 1])
    return (features * scale + 3).astype(np.float32), labels


@pytest.fixture(scope="module", params=HEADS)
def head(request: pytest.FixtureRequest) -> Head:
    rng = np.random.default_rng(0)
    parts = sample(rng, 3000), sample(rng, 800)
    return train_head(import_keras(), *parts, kind=request.param, epochs=60, seed=0)


def test_it_comes_near_the_best_possible_ranking(head: Head) -> None:
    features, labels = sample(np.random.default_rng(1), 4000)
    best = 1.5 * (features[:, 0] - 3) - (features[:, 1] - 3) / 100
    assert roc_auc(labels, head.logits(features)) > roc_auc(labels, best) - 0.01


def test_scores_mean_the_share_of_positives_despite_class_weights(head: Head) -> None:
    features, labels = sample(np.random.default_rng(2), 4000)
    scores = 1 / (1 + np.exp(-head.logits(features)))
    assert scores.mean() == pytest.approx(labels.mean(), abs=0.02)


def test_history_has_a_row_an_epoch_and_names_the_best(head: Head) -> None:
    assert [row["epoch"] for row in head.history] == list(range(1, len(head.history) + 1))
    best = max(head.history, key=lambda row: row["val_auc"])
    assert best["epoch"] == head.best_epoch
