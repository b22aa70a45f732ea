"""Areas under the ROC curve that a bootstrap would be too certain of."""

import numpy as np
import pytest

from edge_runtime.evaluation import Estimate
from edge_runtime.evaluation.area import widen_uncertain_area


def labels(positive, negative):
    return np.array([1] * positive + [0] * negative)


def test_a_perfect_area_is_not_certain():
    perfect = Estimate(value=1.0, low=1.0, high=1.0)
    few, many = (widen_uncertain_area(perfect, labels(n, 3 * n)) for n in (3, 100))
    assert few.low < many.low < 1.0
    assert few.high == many.high == 1.0


def test_one_positive_picture_leaves_the_area_open():
    claimed = Estimate(value=0.6, low=0.5, high=0.7)
    widened = widen_uncertain_area(claimed, labels(1, 60))
    assert widened.low < 0.3
    assert widened.high > 0.85
    assert widen_uncertain_area(claimed, labels(10, 60)) == claimed


def test_the_score_interval_mirrors():
    high, low = (
        widen_uncertain_area(Estimate(value=v, low=0.0, high=1.0), labels(4, 9)) for v in (0.8, 0.2)
    )
    assert high.low == pytest.approx(1 - low.high)
    assert high.high == pytest.approx(1 - low.low)
