"""What the gate lets pass, and how it says so."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter.comparison import Calibrated, calibrate_logits, compare
from converter.errors import ConversionError
from converter.gate import DEFAULT_GATE, Gate, Limit, judge, parse_gate, passed
from edge_runtime.contract.manifest import Picture
from edge_runtime.contract.operating_point import choose_operating_point, scores_from_logits

LABELS = np.repeat([0, 1], [600, 200])
PICTURES = [
    Picture(
        file=f"{i}.jpg",
        sha256=f"{i:064d}",
        label=("benign", "malignant")[label],
        group=str(i),
        split="valid",
    )
    for i, label in enumerate(LABELS.tolist())
]
LOGITS = LABELS * 2.0 + np.random.default_rng(0).normal(size=LABELS.size)
POINT = choose_operating_point(LABELS, scores_from_logits(LOGITS, 1.0))
REFERENCE = Calibrated(logits=LOGITS, temperature=1.0, point=POINT)


def compared(noise: float, seed: int = 1):
    noisy = LOGITS + np.random.default_rng(seed).normal(scale=noise, size=LOGITS.size)
    variant = calibrate_logits(noisy, LABELS, POINT)
    return compare(REFERENCE, variant, PICTURES, "malignant")


def test_the_default_gate_is_read() -> None:
    assert parse_gate(DEFAULT_GATE) == Gate(
        limits=(
            Limit(name="auc_drop", largest=0.01),
            Limit(name="sensitivity_drop", largest=0.02),
        )
    )


@pytest.mark.parametrize(
    "text",
    ["", "auc_drop", "auc<=0.01", "auc_drop<0.01", "auc_drop<=2", "auc_drop<=nan", "auc_drop<=x"],
)
def test_another_wording_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ConversionError, match=r"auc_drop<=0\.01"):
        parse_gate(text)


@given(st.text(max_size=40))
def test_no_text_makes_the_reader_stumble(text: str) -> None:
    try:
        gate = parse_gate(text)
    except ConversionError:
        return
    assert gate.limits


def test_a_limit_given_twice_is_refused() -> None:
    with pytest.raises(ConversionError, match="once"):
        parse_gate("auc_drop<=0.01, auc_drop<=0.02")


def test_the_same_model_passes_a_gate_that_allows_nothing() -> None:
    gate = parse_gate("auc_drop<=0, sensitivity_drop<=0, specificity_drop<=0")
    same = compare(REFERENCE, REFERENCE, PICTURES, "malignant")
    assert passed(judge(gate, same))
    assert not same.flips
    assert same.mcnemar.p_value == 1.0


def test_a_model_that_lost_its_accuracy_is_refused() -> None:
    findings = judge(parse_gate("auc_drop<=0.01"), compared(noise=2.0))
    assert not passed(findings)
    assert findings[0].drop.low > 0.01


def test_the_bound_is_harder_than_the_estimate_and_says_what_it_takes() -> None:
    comparison = compared(noise=0.2)
    (estimate,) = judge(parse_gate("auc_drop<=0.01"), comparison)
    (bound,) = judge(parse_gate("auc_drop<=0.01", "bound"), comparison)
    assert estimate.passed
    assert not bound.passed
    assert bound.malignant_needed is not None
    assert bound.malignant_needed > comparison.malignant


def test_flips_are_named_the_largest_difference_first() -> None:
    flips = compared(noise=1.0).flips
    assert flips
    differences = [abs(flip.score - flip.reference_score) for flip in flips]
    assert differences == sorted(differences, reverse=True)


def test_a_figure_that_is_undefined_does_not_pass() -> None:
    positive = [picture for picture in PICTURES if picture.label == "malignant"]
    part = Calibrated(logits=LOGITS[LABELS == 1], temperature=1.0, point=POINT)
    comparison = compare(part, part, positive, "malignant")
    assert not passed(judge(parse_gate("auc_drop<=0.5"), comparison))
