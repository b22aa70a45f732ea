"""How a cost grows: the exponent of a power law, by least squares on logarithms."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

CONFIDENCE = 0.95
# Two-sided 95 % quantiles of Student's t for 1 to 10 degrees of freedom.
_T = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)
_Z = 1.959964


@dataclass(frozen=True, kw_only=True)
class PowerLaw:
    """``y = factor * x ** exponent``.

    Attributes:
        factor: Of the unit of y.
        exponent: 1 is proportional, 2 the square.
        low: Lower end of the exponent's 95 % interval; None with two points.
        high: Upper end.
        points: How many were fitted.
    """

    factor: float
    exponent: float
    low: float | None
    high: float | None
    points: int

    def at(self, x: float) -> float:
        """The law's y."""
        return float(self.factor * x**self.exponent)


def fit_power_law(xs: Sequence[float], ys: Sequence[float]) -> PowerLaw | None:
    """The power law nearest to the points in logarithms; None for fewer than two different x.

    The interval is that of ordinary least squares with independent errors. Where the points bend
    away from a straight line, the bend counts as error and widens it.

    Args:
        xs: Positive.
        ys: Positive, one for each x.
    """
    if len(set(xs)) < 2:
        return None
    log_x, log_y = np.log(np.asarray(xs, float)), np.log(np.asarray(ys, float))
    centred = log_x - log_x.mean()
    squares = float(centred @ centred)
    exponent = float(centred @ log_y) / squares
    intercept = float(log_y.mean() - exponent * log_x.mean())
    low = high = None
    freedom = len(xs) - 2
    if freedom > 0:
        residuals = log_y - intercept - exponent * log_x
        half = t_quantile(freedom) * math.sqrt(float(residuals @ residuals) / freedom / squares)
        low, high = exponent - half, exponent + half
    return PowerLaw(
        factor=math.exp(intercept), exponent=exponent, low=low, high=high, points=len(xs)
    )


def t_quantile(freedom: int) -> float:
    """Student's t that 95 % lie within, either side of 0.

    From 11 degrees of freedom by the expansion in 1/freedom, to three digits. Source: Abramowitz
    and Stegun, Handbook of Mathematical Functions, 26.7.5.
    """
    if freedom <= len(_T):
        return _T[freedom - 1]
    first = (_Z**3 + _Z) / 4
    second = (5 * _Z**5 + 16 * _Z**3 + 3 * _Z) / 96
    third = (3 * _Z**7 + 19 * _Z**5 + 17 * _Z**3 - 15 * _Z) / 384
    return _Z + first / freedom + second / freedom**2 + third / freedom**3
