"""A figure with its confidence interval."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A figure and its interval; NaN stands for a figure that the data leave undefined.

    Attributes:
        value: the figure on the data as they are.
        low: lower end of the interval.
        high: upper end of the interval, not below ``low``.
        confidence: coverage of the interval, in (0, 1).

    Raises:
        ValueError: the interval is upside down, or the confidence is not in (0, 1).
    """

    value: float
    low: float
    high: float
    confidence: float = 0.95

    def __post_init__(self) -> None:
        if self.low > self.high or math.isnan(self.low) != math.isnan(self.high):
            raise ValueError(
                "Expected an interval with low <= high, or both NaN. "
                f"Received: low={self.low}, high={self.high}."
            )
        if not 0.0 < self.confidence < 1.0:
            raise ValueError(
                "Expected a confidence between 0 and 1, such as 0.95. "
                f"Received: confidence={self.confidence}."
            )

    def as_dict(self) -> dict[str, float | None]:
        """The four fields for JSON, which has no NaN: an undefined figure is None."""
        return {
            "value": _defined(self.value),
            "low": _defined(self.low),
            "high": _defined(self.high),
            "confidence": self.confidence,
        }

    def __format__(self, spec: str) -> str:
        number = spec or ".3f"
        if math.isnan(self.value):
            return "undefined"
        if math.isnan(self.low):
            return f"{self.value:{number}} [undefined]"
        # A dash beside a minus sign cannot be read.
        until = "–" if self.low >= 0 else " to "
        return f"{self.value:{number}} [{self.low:{number}}{until}{self.high:{number}}]"

    def __str__(self) -> str:
        return format(self, "")


def _defined(figure: float) -> float | None:
    return None if math.isnan(figure) else figure
