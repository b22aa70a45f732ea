"""Early stopping against LoadGen's published figures and its own definition."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.early_stopping import percentile_bound, queries_needed, slowest_left_out


@pytest.mark.parametrize(("percentile", "queries"), [(0.9, 64), (0.99, 662)])
def test_minima_are_loadgens(percentile, queries):
    assert queries_needed(percentile) == queries
    assert slowest_left_out(queries - 1, percentile) is None
    assert slowest_left_out(queries, percentile) == 1


def fewest_within(left_out: int, percentile: float) -> int:
    """LoadGen's h_min, by trying: exact binomials, as fractions of whole numbers."""
    numerator, denominator = round(percentile * 100), 100
    within = 1
    while True:
        queries = within + left_out
        few = sum(
            math.comb(queries, x) * (denominator - numerator) ** x * numerator ** (queries - x)
            for x in range(left_out + 1)
        )
        if few * 100 < denominator**queries:
            return within
        within += 1


@pytest.mark.parametrize("queries", [64, 90, 200, 333])
def test_is_the_largest_number_that_loadgen_allows(queries):
    left_out = slowest_left_out(queries, 0.9)
    assert left_out is not None
    assert fewest_within(left_out, 0.9) + left_out <= queries
    assert fewest_within(left_out + 1, 0.9) + left_out + 1 > queries


@given(st.lists(st.floats(0.1, 1e4), min_size=64, max_size=300))
def test_bound_occurred_and_lies_at_or_above_the_percentile(latencies):
    bound = percentile_bound(latencies, 0.9)
    assert bound in latencies
    assert bound >= np.percentile(latencies, 90, method="inverted_cdf")


def test_bound_covers_the_true_percentile_99_times_of_100():
    rng = np.random.default_rng(0)
    true = -math.log(0.1)
    drawn = [percentile_bound(list(rng.exponential(size=200)), 0.9) for _ in range(1000)]
    assert np.mean([bound is not None and bound >= true for bound in drawn]) > 0.98


def test_too_few():
    assert percentile_bound([1.0] * 63, 0.9) is None
    assert percentile_bound([], 0.5) is None
