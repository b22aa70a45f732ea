"""The accuracy that a variant must keep to be published."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from converter.comparison import Comparison
from converter.errors import ConversionError
from edge_runtime.evaluation import Estimate, cases_needed

DEFAULT_GATE = "auc_drop<=0.01, sensitivity_drop<=0.02"
JUDGED_ON = ("estimate", "bound")

_FIGURES = {
    "auc_drop": "roc_auc",
    "sensitivity_drop": "sensitivity",
    "specificity_drop": "specificity",
}
_RULE = re.compile(r"(\w+)\s*<=\s*(\S+)")


@dataclass(frozen=True, kw_only=True)
class Limit:
    """How far a figure may fall.

    Attributes:
        name: ``auc_drop``, ``sensitivity_drop`` or ``specificity_drop``.
        largest: The largest fall that passes, in [0, 1].
    """

    name: str
    largest: float


@dataclass(frozen=True, kw_only=True)
class Gate:
    """What a variant has to pass.

    Attributes:
        limits: All must hold.
        judged_on: ``estimate``; or ``bound``, the unfavourable end of the paired interval.
    """

    limits: tuple[Limit, ...]
    judged_on: str = "estimate"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One limit, and how the variant stands to it.

    Attributes:
        limit: The limit.
        drop: By how much the figure fell, with its paired interval; below 0 where it rose.
        passed: Whether the limit holds, as the gate judges.
        malignant_needed: Malignant pictures it takes, at this estimate, until the bound passes
            too; None if no number is enough. For specificity, pictures of the other class.
    """

    limit: Limit
    drop: Estimate
    passed: bool
    malignant_needed: int | None

    def __str__(self) -> str:
        sign = "within" if self.passed else "beyond"
        return f"{self.limit.name} {self.drop:.4f}, {sign} {self.limit.largest:g}"


def parse_gate(text: str, judged_on: str = "estimate") -> Gate:
    """The gate written as ``auc_drop<=0.01, sensitivity_drop<=0.02``.

    Raises:
        ConversionError: If it is written otherwise.
    """
    limits = tuple(_parse_limit(part.strip(), text) for part in text.split(","))
    if len({limit.name for limit in limits}) != len(limits):
        raise ConversionError(f"expected each limit of a gate once. Received: {text!r}")
    return Gate(limits=limits, judged_on=judged_on)


def _parse_limit(part: str, text: str) -> Limit:
    match = _RULE.fullmatch(part)
    try:
        name, largest = (match[1], float(match[2])) if match else ("", math.nan)
    except ValueError:
        name, largest = "", math.nan
    if name not in _FIGURES or not 0 <= largest <= 1:
        raise ConversionError(
            f"expected limits such as {DEFAULT_GATE!r}, of {', '.join(_FIGURES)}, in [0, 1]. "
            f"Received: {text!r}"
        )
    return Limit(name=name, largest=largest)


def judge(gate: Gate, comparison: Comparison) -> tuple[Finding, ...]:
    """How a variant stands to each limit of the gate."""
    return tuple(_judge_limit(limit, gate.judged_on, comparison) for limit in gate.limits)


def passed(findings: Sequence[Finding]) -> bool:
    """Whether every limit holds."""
    return all(finding.passed for finding in findings)


def _judge_limit(limit: Limit, judged_on: str, comparison: Comparison) -> Finding:
    change = comparison.changes[_FIGURES[limit.name]]
    drop = Estimate(
        value=-change.value + 0.0,
        low=-change.high + 0.0,
        high=-change.low + 0.0,
        confidence=change.confidence,
    )
    judged = drop.value if judged_on == "estimate" else drop.high
    negatives = comparison.pictures - comparison.malignant
    cases = negatives if limit.name == "specificity_drop" else comparison.malignant
    return Finding(
        limit=limit,
        drop=drop,
        # Written so that an undefined figure fails. A rounding error of sums is no fall.
        passed=judged <= limit.largest + 1e-12,
        malignant_needed=cases_needed(change, limit.largest, cases),
    )
