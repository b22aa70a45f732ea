"""Figures of outcomes that are written down by hand."""

import numpy as np
import pytest

from benchmarks.accuracy import Judged, Outcome, measure_accuracy, scored_cases
from edge_runtime.assessment import Decision
from edge_runtime.contract.manifest import Picture
from edge_runtime.contract.operating_point import OperatingPoint, Proportion
from edge_runtime.errors import DatasetError

POINT = OperatingPoint(
    rule="sensitivity",
    target=0.9,
    threshold=0.5,
    sensitivity=Proportion(successes=1, trials=1),
    specificity=Proportion(successes=1, trials=1),
    chosen_on="valid",
)


def judged(scores: list[float | None]) -> Judged:
    outcomes = []
    for score in scores:
        if score is None:
            outcomes.append(Outcome(decision=Decision.RETAKE))
            continue
        decision = Decision.REFER if score >= 0.5 else Decision.NO_REFERRAL
        outcomes.append(Outcome(decision=decision, score=score, logit=10 * score - 5))
    return Judged(outcomes=tuple(outcomes), point=POINT)


def pictures(labels: list[int], groups: list[str]) -> list[Picture]:
    names = ("benign", "malignant")
    return [
        Picture(file=f"{i}.png", sha256="0" * 64, label=names[label], group=group, split="test")
        for i, (label, group) in enumerate(zip(labels, groups, strict=True))
    ]


def test_a_perfect_share_is_not_a_certain_one():
    labels = [1, 1, 1, 1, 1, 0, 0, 0, 0]
    shown = pictures(labels, ["a", "a", "b", "c", "d", "e", "f", "g", "h"])
    model = judged([0.9, 0.8, 0.9, 0.7, 0.6, 0.1, 0.2, 0.6, 0.3])
    cases = scored_cases([model], shown, "malignant")
    figures = measure_accuracy(model, cases, reference=None, keras=None).figures
    expected = Proportion(successes=4, trials=4).interval  # five pictures of four lesions
    assert (figures["sensitivity"].low, figures["sensitivity"].high) == expected
    assert figures["sensitivity"].low < 0.6
    assert figures["specificity"].value == 0.75


def test_pictures_without_a_score_are_left_out_of_figures_and_kept_in_flips():
    shown = pictures([1, 0, 1, 0], list("abcd"))
    float32, int8 = judged([0.9, 0.1, 0.4, 0.2]), judged([0.9, None, 0.6, 0.2])
    cases = scored_cases([float32, int8], shown, "malignant")
    assert cases.kept == (0, 2, 3)
    assert np.array_equal(cases.labels, [1, 1, 0])
    accuracy = measure_accuracy(int8, cases, reference=float32, keras=float32)
    assert accuracy.flips == 2
    assert accuracy.max_logit_difference == pytest.approx(2.0)
    assert (accuracy.decisions.refer, accuracy.decisions.retake) == (2, 1)
    assert accuracy.roc_auc_change is not None
    assert accuracy.roc_auc_change.value == 0.0


def test_one_class_leaves_figures_undefined_and_no_error():
    model = judged([0.1, 0.6])
    cases = scored_cases([model], pictures([0, 0], ["a", "b"]), "malignant")
    figures = measure_accuracy(model, cases, reference=None, keras=None).figures
    assert figures["roc_auc"].value is None
    assert figures["sensitivity"].value is None
    assert figures["specificity"].value == 0.5


def test_no_score_at_all():
    with pytest.raises(DatasetError, match="all of them unreadable or RETAKE"):
        scored_cases([judged([None, None])], pictures([0, 1], ["a", "b"]), "malignant")
