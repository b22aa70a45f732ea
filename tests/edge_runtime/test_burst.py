"""A burst: the median decides, and frames that disagree decide nothing."""

import dataclasses
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.assessment import Assessment, Decision
from edge_runtime.burst import UNSTABLE, join_burst
from edge_runtime.camera_command import assess_burst
from edge_runtime.classifier import LesionClassifier
from edge_runtime.contract.card import ModelCard
from edge_runtime.contract.operating_point import score_from_logit
from edge_runtime.errors import CameraUnavailableError
from edge_runtime.frame_source import FakeFrameSource
from edge_runtime.synthetic import draw_lesion

LOGITS = st.lists(st.floats(-20, 20), min_size=1, max_size=15)


@pytest.fixture(scope="module")
def card(tiny_card: Callable[[str], ModelCard]) -> ModelCard:
    return tiny_card("int8")


def assessment(card: ModelCard, logit: float | None) -> Assessment:
    point = card.operating_point
    score = None if logit is None else score_from_logit(logit, card.temperature)
    refers = score is not None and point.refers(score)
    decision = Decision.REFER if refers else Decision.NO_REFERRAL
    return Assessment(
        decision=Decision.RETAKE if score is None else decision,
        score=score,
        logit=logit,
        reasons=("blurred",) if score is None else ("scored",),
        preprocess_ms=1,
        invoke_ms=2,
        latency_ms=3,
        model=card.name,
        variant=card.variant,
        runtime="fake 0",
        delegate="cpu",
    )


@given(logits=LOGITS)
def test_frames_that_agree_decide_and_others_do_not(card: ModelCard, logits: list[float]) -> None:
    frames = [assessment(card, logit) for logit in logits]
    joined = join_burst(frames, card)
    decisions = {frame.decision for frame in frames}
    if len(decisions) == 1:
        assert joined.decision in decisions
        assert joined.logit == pytest.approx(float(np.median(logits)))
    else:
        assert joined.decision is Decision.RETAKE
        assert joined.score is None
        assert UNSTABLE in joined.reasons[0]
    assert joined.latency_ms == pytest.approx(3 * len(frames))


@given(logits=LOGITS, order=st.randoms(use_true_random=False))
def test_the_order_of_the_frames_changes_nothing(
    card: ModelCard, logits: list[float], order: Any
) -> None:
    frames = [assessment(card, logit) for logit in logits]
    shuffled = frames[:]
    order.shuffle(shuffled)
    joined, again = join_burst(frames, card), join_burst(shuffled, card)
    assert (joined.decision, joined.score) == (again.decision, again.score)


def test_the_digest_is_that_of_the_frame_that_decided(card: ModelCard) -> None:
    frames = [
        dataclasses.replace(assessment(card, logit), picture_sha256=digest, frame_age_ms=age_ms)
        for logit, digest, age_ms in ((9.0, "a", 1.0), (4.0, "b", 2.0), (3.0, "c", 3.0))
    ]
    joined = join_burst(frames, card)
    assert (joined.logit, joined.picture_sha256, joined.frame_age_ms) == (4.0, "b", 2.0)


def test_frames_that_are_mostly_unfit_are_taken_again(card: ModelCard) -> None:
    frames = [assessment(card, logit) for logit in (None, None, 3.0)]
    joined = join_burst(frames, card)
    assert joined.decision is Decision.RETAKE
    assert joined.reasons == ("blurred",)


def test_a_burst_takes_different_new_frames(sealed_model: Callable[..., Any]) -> None:
    lesions = [draw_lesion("malignant", seed, (96, 96)) for seed in range(6)]
    source = FakeFrameSource([lesions[0], None, *lesions[1:3], None, lesions[3]])
    with LesionClassifier.open(sealed_model("int8").path) as classifier:
        joined = assess_burst(classifier, source, 3, threading.Event())
        alone = [classifier.assess(lesion) for lesion in lesions[1:4]]
    assert joined is not None
    assert joined.frame_age_ms is not None
    assert joined.decision == join_burst(alone, classifier_card(sealed_model)).decision


def classifier_card(sealed_model: Callable[..., Any]) -> ModelCard:
    card: ModelCard = sealed_model("int8").card
    return card


def test_a_camera_without_frames_is_an_error_that_says_why(
    sealed_model: Callable[..., Any],
) -> None:
    source = FakeFrameSource([])
    source.problem = "it cannot be opened"
    with (
        LesionClassifier.open(sealed_model("int8").path) as classifier,
        pytest.raises(CameraUnavailableError, match="cannot be opened"),
    ):
        assess_burst(classifier, source, 1, threading.Event(), patience_s=0.05)
