"""Exponents of growth: exact on power laws, and with an interval that holds the truth."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.growth_fit import fit_power_law, t_quantile

XS = [150.0, 224.0, 299.0, 448.0]


@given(st.floats(-3, 3), st.floats(1e-3, 1e3))
def test_a_power_law_is_found_exactly(exponent: float, factor: float) -> None:
    law = fit_power_law(XS, [factor * x**exponent for x in XS])
    assert law is not None
    assert law.exponent == pytest.approx(exponent, abs=1e-6)
    assert law.at(300.0) == pytest.approx(factor * 300.0**exponent, rel=1e-6)


def test_the_interval_holds_the_exponent_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(1000):
        noise = np.exp(rng.normal(0, 0.1, len(XS)))
        law = fit_power_law(XS, [x**2 * n for x, n in zip(XS, noise, strict=True)])
        assert law is not None
        assert law.low is not None
        assert law.high is not None
        held += law.low <= 2 <= law.high
    assert 930 <= held <= 970


def test_a_bend_widens_the_interval() -> None:
    straight = fit_power_law(XS, [x**2 for x in XS])
    bent = fit_power_law(XS, [100_000 + x**2 for x in XS])
    assert straight is not None
    assert bent is not None
    assert straight.high is not None
    assert straight.low is not None
    assert bent.high is not None
    assert bent.low is not None
    assert bent.high - bent.low > 10 * (straight.high - straight.low)


def test_two_points_have_no_interval_and_one_has_no_law() -> None:
    law = fit_power_law([1, 2], [3, 6])
    assert law is not None
    assert (law.exponent, law.low, law.high) == (pytest.approx(1), None, None)
    assert fit_power_law([2, 2], [3, 4]) is None


@pytest.mark.parametrize(("freedom", "quantile"), [(1, 12.706), (11, 2.201), (30, 2.042)])
def test_t_quantiles_are_those_of_the_tables(freedom: int, quantile: float) -> None:
    assert math.isclose(t_quantile(freedom), quantile, abs_tol=1e-3)
