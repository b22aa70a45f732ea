"""What the gate found of a variant, published or not, as JSON."""

from collections.abc import Sequence
from typing import Any

from converter.candidate import Candidate
from converter.comparison import Comparison
from converter.gate import Finding, Gate
from converter.rescue import Rescue
from edge_runtime.contract.card import NOTICE
from edge_runtime.contract.operating_point import OperatingPoint
from edge_runtime.contract.schema import to_json

GATE_SUFFIX = ".gate.json"
_SHOWN_LAYERS = 20


def gate_report(
    variant: str, candidate: Candidate, reference: OperatingPoint, gate: Gate, saved: Rescue | None
) -> dict[str, Any]:
    """The report of a variant as plain JSON types.

    Args:
        variant: Its name.
        candidate: As it was published or refused.
        reference: The float model's operating point.
        gate: What it had to pass.
        saved: What was tried to save it; None where it passed at once.
    """
    report = {
        "variant": variant,
        "published": candidate.passed,
        "gate": to_json(gate),
        "measured_on": f"{candidate.info.runtime}, {candidate.info.kernel_family}",
        "findings": [_finding(finding) for finding in candidate.findings],
        "comparison": describe_comparison(candidate.comparison),
        "threshold": candidate.calibrated.point.threshold,
        "temperature": candidate.calibrated.temperature,
        "reference_threshold": reference.threshold,
        "size_bytes": len(candidate.flatbuffer),
        "layers_in_float": list(candidate.kept_float),
        "notice": NOTICE,
    }
    if saved is not None:
        report["rescue"] = {
            "steps": [_step(step) for step in saved.steps],
            "costliest_layers": [to_json(cost) for cost in saved.ranking[:_SHOWN_LAYERS]],
        }
    return report


def describe_comparison(comparison: Comparison) -> dict[str, Any]:
    """A comparison as plain JSON types, its intervals with it."""
    return {
        "pictures": comparison.pictures,
        "malignant": comparison.malignant,
        "figures": {name: value.as_dict() for name, value in comparison.figures.items()},
        "changes": {name: value.as_dict() for name, value in comparison.changes.items()},
        "mcnemar": to_json(comparison.mcnemar),
        "flips": to_json(comparison.flips),
        "mean_score_difference": comparison.mean_score_difference,
        "max_score_difference": comparison.max_score_difference,
        "ece": comparison.ece,
        "reference_ece": comparison.reference_ece,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "limit": finding.limit.name,
        "largest": finding.limit.largest,
        "drop": finding.drop.as_dict(),
        "passed": finding.passed,
        "pictures_needed_for_the_bound": finding.malignant_needed,
    }


def _step(step: Candidate) -> dict[str, Any]:
    findings: Sequence[Finding] = step.findings
    return {
        "layers_in_float": len(step.kept_float),
        "passed": step.passed,
        "size_bytes": len(step.flatbuffer),
        "mean_logit_difference": step.parity.mean_difference,
        "drops": {finding.limit.name: finding.drop.as_dict() for finding in findings},
    }
