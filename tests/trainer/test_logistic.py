"""The ridge regression of stage 1, against scikit-learn's."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

pytest.importorskip("scipy", reason="needs the train extra")

from edge_runtime.evaluation import roc_auc
from trainer.feature_rows import dense_logits
from trainer.logistic import RidgeLoss, choose_penalty, train_neuron

Sample = tuple[npt.NDArray[np.float32], npt.NDArray[np.int_]]
RowsOf = Callable[..., Any]


def sample(count: int, *, idle: int, seed: int) -> Sample:
    """Two features that tell, many that do not; one positive in five."""
    rng = np.random.default_rng(seed)
    labels = (np.arange(count) % 5 == 0).astype(np.int_)
    features = rng.normal(size=(count, 2 + idle))
    features[:, :2] += labels[:, np.newaxis]
    return (features * 3 + 1).astype(np.float32), labels


def test_it_finds_what_scikit_learn_finds(rows_of: RowsOf) -> None:
    linear_model = pytest.importorskip("sklearn.linear_model", reason="a development package")
    features, labels = sample(400, idle=8, seed=0)
    one_fold = np.zeros(400, int)
    head = train_neuron(rows_of(features, labels), rows_of(features, labels), one_fold, epochs=200)
    standardised = (features - features.mean(axis=0)) / features.std(axis=0)
    # Without folds to choose from, the penalty is 0.1; scikit-learn adds up losses.
    reference = linear_model.LogisticRegression(
        C=1 / (0.1 * 400), class_weight="balanced", tol=1e-8, max_iter=1000
    ).fit(standardised, labels)
    expected = reference.decision_function(standardised) + np.log(0.2 / 0.8)
    np.testing.assert_allclose(dense_logits(features, head.layers), expected, atol=0.01)


def test_the_gradient_is_that_of_the_value(rows_of: RowsOf) -> None:
    loss = RidgeLoss.of(rows_of(*sample(60, idle=3, seed=1)), 0.3)
    weights = np.random.default_rng(2).normal(0, 0.3, 6)
    _, gradient = loss(weights)
    for position in range(6):
        step = np.zeros(6)
        step[position] = 1e-3
        slope = (loss(weights + step)[0] - loss(weights - step)[0]) / 2e-3
        assert gradient[position] == pytest.approx(slope, abs=1e-3)


def test_few_rows_ask_for_more_penalty_than_many(rows_of: RowsOf) -> None:
    few, many = (
        choose_penalty(rows_of(*sample(count, idle=100, seed=3)), np.arange(count) // 5 % 5)
        for count in (150, 6000)
    )
    assert few > many


def test_the_chosen_penalty_ranks_new_rows_better_than_next_to_none(rows_of: RowsOf) -> None:
    taught, new = sample(300, idle=400, seed=4), sample(2000, idle=400, seed=5)
    rows, folds = rows_of(*taught), np.arange(300) // 5 % 5
    chosen = train_neuron(rows, rows, folds, epochs=100)
    reached = roc_auc(new[1], dense_logits(new[0], chosen.layers))
    loss = RidgeLoss.of(rows, 1e-4)
    weights = loss.zeros()
    for _ in range(2000):
        weights -= 0.1 * loss(weights)[1]
    loose = rows_of(*new).logits(loss.layers(weights))
    assert reached > roc_auc(new[1], loose) + 0.02


def test_of_features_that_do_not_differ_nothing_is_learned(rows_of: RowsOf) -> None:
    labels = np.arange(50) % 5 // 4
    rows = rows_of(np.full((50, 3), 2.0), labels)
    head = train_neuron(rows, rows, np.arange(50) // 5 % 5, epochs=10)
    assert [row["val_auc"] for row in head.history] == [0.5]
    np.testing.assert_allclose(1 / (1 + np.exp(-rows.logits(head.layers))), 0.2, atol=1e-6)


def test_rows_are_read_once_a_view_in_blocks_of_any_size(
    rows_of: RowsOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    features, labels = sample(50, idle=1, seed=6)
    rows = rows_of(np.concatenate([features, features + 1]), labels, views=1)
    whole = RidgeLoss.of(rows, 0.1)(np.ones(4))
    monkeypatch.setattr("trainer.feature_rows._BLOCK", 7)
    in_blocks = RidgeLoss.of(rows, 0.1)(np.ones(4))
    assert in_blocks[0] == pytest.approx(whole[0], rel=1e-5)
    np.testing.assert_allclose(in_blocks[1], whole[1], atol=1e-5)
    np.testing.assert_array_equal(rows.row_labels, np.tile(labels, 2))
