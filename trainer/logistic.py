"""Stage 1 of a head of one neuron: logistic regression, held back by a ridge penalty."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.console import log, progress
from edge_runtime.evaluation import roc_auc
from trainer.feature_rows import FeatureRows
from trainer.head import Head, balanced_weights, epoch_row, with_own_share
from trainer.standardisation import Array, Standardisation

# Of the squared weights for standardised features, beside the mean loss of a row. From hardly any
# learning to hardly any penalty, half a decade apart: between neighbours ROC-AUC differs by less
# than 0.01 on HAM10000.
_PENALTIES = tuple(10.0 ** (1 - step / 2) for step in range(11))
# Where too few lesions are there to choose: the best one on HAM10000.
_DEFAULT_PENALTY = 0.1
# So many penalties in a row worse than the best end the search.
_WORSE = 2
# Each penalty begins with the weights of the one before.
_SEARCH_ITERATIONS = 30

Weights = npt.NDArray[np.float64]


def train_neuron(
    train: FeatureRows, valid: FeatureRows, fold_of: npt.NDArray[np.int_], *, epochs: int
) -> Head:
    """Logistic regression on standardised features; both classes count alike.

    The penalty is the one with the best mean ROC-AUC over folds of the training pictures, so that
    validation pictures judge a head that they had no part in.

    Args:
        train: Rows to learn from.
        valid: Rows that the history tells about.
        fold_of: Fold of each training picture (n,), from 0; fewer than two: no choice of penalty.
        epochs: At most so many iterations of L-BFGS with it, each a pass over all rows.
    """
    pictures = replace(train, views=0)
    penalty = choose_penalty(pictures, fold_of)
    loss = RidgeLoss.of(train, penalty)
    history: list[dict[str, float]] = []

    def record(weights: Weights) -> None:
        layers = loss.layers(weights)
        row = epoch_row(len(history) + 1, layers, pictures, valid, loss.class_weights)
        history.append(row)

    weights = _minimise(loss, loss.zeros(), epochs, record)
    if not history:  # of features that do not differ there is nothing to learn
        record(weights)
    log.info(
        "ridge penalty %.3g, %d passes, validation ROC-AUC %.3f",
        *(penalty, len(history), history[-1]["val_auc"]),
    )
    return Head(
        layers=with_own_share(loss.layers(weights), loss.class_weights),
        history=tuple(history),
        best_epoch=len(history),
    )


def choose_penalty(pictures: FeatureRows, fold_of: npt.NDArray[np.int_]) -> float:
    """The penalty with the best mean ROC-AUC over the folds; the larger of equals.

    Args:
        pictures: Rows of pictures without views.
        fold_of: Fold of each (n,), from 0.
    """
    if len(np.unique(fold_of)) < 2:
        return _DEFAULT_PENALTY
    folds = [_Fold.of(pictures, fold_of == number) for number in np.unique(fold_of)]
    scores: dict[float, float] = {}
    for penalty in progress(_PENALTIES, len(_PENALTIES), "ridge penalties"):
        scores[penalty] = float(np.mean([fold.learn(penalty) for fold in folds]))
        best = max(scores, key=lambda known: scores[known])
        if len(scores) - list(scores).index(best) > _WORSE:
            break
    return best


@dataclass(kw_only=True)
class _Fold:
    """One fold of the search: weights that go on from penalty to penalty."""

    loss: "RidgeLoss"
    held: FeatureRows
    weights: Weights

    @classmethod
    def of(cls, pictures: FeatureRows, held: npt.NDArray[np.bool_]) -> "_Fold":
        taught = replace(pictures, indices=pictures.indices[~held])
        loss = RidgeLoss.of(taught, _DEFAULT_PENALTY)
        held_rows = replace(pictures, indices=pictures.indices[held])
        return cls(loss=loss, held=held_rows, weights=loss.zeros())

    def learn(self, penalty: float) -> float:
        """ROC-AUC of the pictures that are not learned from."""
        loss = replace(self.loss, penalty=penalty)
        self.weights = _minimise(loss, self.weights, _SEARCH_ITERATIONS)
        return roc_auc(self.held.row_labels, self.held.logits(self.loss.layers(self.weights)))


@dataclass(frozen=True, kw_only=True)
class RidgeLoss:
    """Mean weighted cross-entropy of rows, and the penalty; of weights for standardised features.

    Weights (C + 1,) are those of the features and, last, the bias, which is not penalised.

    Attributes:
        rows: What is learned from, read once a call.
        scaling: Of their features.
        class_weights: (2,).
        penalty: Half of it times the squared weights is added.
    """

    rows: FeatureRows
    scaling: Standardisation
    class_weights: Array
    penalty: float

    @classmethod
    def of(cls, rows: FeatureRows, penalty: float) -> "RidgeLoss":
        """With the rows' own scaling and class weights."""
        return cls(
            rows=rows,
            scaling=Standardisation.of(rows.features()),
            class_weights=balanced_weights(rows.row_labels),
            penalty=penalty,
        )

    def zeros(self) -> Weights:
        """Where to begin."""
        return np.zeros(len(self.scaling.mean) + 1)

    def layers(self, weights: Weights) -> tuple[tuple[Array, Array], ...]:
        """The head for raw features, for classes that count alike."""
        kernel, bias = weights[:-1, np.newaxis], weights[-1:]
        return self.scaling.for_raw([(kernel.astype(np.float32), bias.astype(np.float32))])

    def __call__(self, weights: Weights) -> tuple[float, Weights]:
        """Value and gradient (C + 1,)."""
        ((kernel, bias),) = self.layers(weights)
        value, slope, total, count = 0.0, np.zeros(len(kernel)), 0.0, 0
        for features, labels in self.rows.blocks():
            signs = 2.0 * labels - 1.0
            margins = signs * (features @ kernel[:, 0] + bias[0])
            weighting = self.class_weights[labels]
            value += float(weighting @ np.logaddexp(0.0, -margins))
            residuals = -weighting * signs * np.exp(-np.logaddexp(0.0, margins))
            slope += residuals.astype(np.float32) @ features
            total += residuals.sum()
            count += len(labels)
        slope = (slope - total * self.scaling.mean) / self.scaling.deviation
        held_back = weights[:-1]
        value = value / count + self.penalty / 2 * float(held_back @ held_back)
        return value, np.append(slope / count + self.penalty * held_back, total / count)


def _minimise(
    loss: RidgeLoss,
    weights: Weights,
    iterations: int,
    callback: Callable[[Weights], None] | None = None,
) -> Weights:
    from scipy.optimize import minimize
    from threadpoolctl import threadpool_limits

    options: dict[str, Any] = {"maxiter": iterations, "ftol": 1e-7, "gtol": 1e-5}
    # L-BFGS works on short vectors: waking threads takes it five times as long as computing.
    with threadpool_limits(1, user_api="blas"):
        found = minimize(
            loss, weights, jac=True, method="L-BFGS-B", callback=callback, options=options
        )
    return np.asarray(found.x)
