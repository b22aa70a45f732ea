"""The heads of stage 1: what they learn, and that their scores mean the share of positives."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from edge_runtime.evaluation import roc_auc

pytest.importorskip("keras", reason="needs the train extra")

from trainer.backend import import_keras
from trainer.feature_rows import dense_logits
from trainer.head import HEADS, Head
from trainer.hidden_layer import train_hidden_layer
from trainer.logistic import train_neuron

pytestmark = pytest.mark.tensorflow

Sample = tuple[npt.NDArray[np.float32], npt.NDArray[np.int_]]


def sample(rng: np.random.Generator, count: int) -> Sample:
    """Eight features of very different scale, two of which tell; one positive in ten."""
    labels = (rng.random(count) < 0.1).astype(np.int_)
    features = rng.normal(size=(count, 8))
    features[:, 0] += 1.5 * labels
    features[:, 1] -= 1.0 * labels
    scale = np.array([1, 100, 0.01, 5, 1, 1, 1, 1])
    return (features * scale + 3).astype(np.float32), labels


@pytest.fixture(scope="module", params=HEADS)
def head(request: pytest.FixtureRequest, rows_of: Callable[..., Any]) -> Head:
    rng = np.random.default_rng(0)
    train, valid = rows_of(*sample(rng, 3000)), rows_of(*sample(rng, 800))
    if request.param == "neuron":
        return train_neuron(train, valid, np.arange(3000) % 5, epochs=60)
    return train_hidden_layer(import_keras(), train, valid, kind=request.param, epochs=60, seed=0)


def test_it_comes_near_the_best_possible_ranking(head: Head) -> None:
    features, labels = sample(np.random.default_rng(1), 4000)
    best = 1.5 * (features[:, 0] - 3) - (features[:, 1] - 3) / 100
    assert roc_auc(labels, dense_logits(features, head.layers)) > roc_auc(labels, best) - 0.01


def test_scores_mean_the_share_of_positives_despite_class_weights(head: Head) -> None:
    features, labels = sample(np.random.default_rng(2), 4000)
    scores = 1 / (1 + np.exp(-dense_logits(features, head.layers)))
    assert scores.mean() == pytest.approx(labels.mean(), abs=0.02)


def test_history_has_a_row_an_epoch(head: Head) -> None:
    assert [row["epoch"] for row in head.history] == list(range(1, len(head.history) + 1))
    assert head.history[head.best_epoch - 1]["loss"] < head.history[0]["loss"]


def test_one_neuron_is_learned_to_the_end_and_a_hidden_layer_to_its_best_epoch(head: Head) -> None:
    best = max(head.history, key=lambda row: row["val_auc"])
    hidden = len(head.layers) > 1
    assert head.best_epoch == (best["epoch"] if hidden else len(head.history))
