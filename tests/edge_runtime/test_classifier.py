"""From a picture to a decision with its reason, and no decision where there can be none."""

import dataclasses
import hashlib
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from edge_runtime import Assessment, Decision, LesionClassifier
from edge_runtime.contract.embed import SealedModel
from edge_runtime.contract.operating_point import score_from_logit
from edge_runtime.contract.quality_limits import CONTRAST_ONLY
from edge_runtime.delegates import edgetpu_library_problem
from edge_runtime.errors import (
    CardMissingError,
    ContractError,
    DelegateUnavailableError,
    ImageDecodeError,
    InputError,
)
from edge_runtime.runner import FakeRunner

Seal = Callable[..., SealedModel]
Save = Callable[..., Path]
Draw = Callable[..., npt.NDArray[np.uint8]]


def answering(sealed: SealedModel, logit: float) -> LesionClassifier:
    """A classifier whose network always answers the same."""
    runner = FakeRunner(
        handler=lambda _: np.array([[logit]], np.float32),
        input=sealed.card.input,
        output=sealed.card.output,
    )
    return LesionClassifier(sealed, runner)


def without_timings(assessment: Assessment) -> Assessment:
    return dataclasses.replace(assessment, preprocess_ms=0, invoke_ms=0, latency_ms=0)


def with_threshold(sealed_model: Seal, threshold: float) -> SealedModel:
    point = dataclasses.replace(sealed_model().card.operating_point, threshold=threshold)
    return sealed_model(operating_point=point)


@pytest.mark.parametrize("variant", ["float32", "int8"])
def test_path_bytes_and_frame_of_a_picture_get_one_assessment(
    sealed_model: Seal, picture: Save, lesion: Draw, variant: str
) -> None:
    path = picture("lesion.png")
    with LesionClassifier.open(sealed_model(variant).path) as classifier:
        from_path, from_bytes, from_frame = (
            without_timings(classifier.assess(source))
            for source in (path, path.read_bytes(), lesion())
        )
    assert from_path == from_bytes
    assert from_path.picture_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    pixels_sha256 = hashlib.sha256(lesion().tobytes()).hexdigest()
    assert from_frame == dataclasses.replace(from_path, picture_sha256=pixels_sha256)
    assert from_path.model == f"tiny_none_32_{variant}"


def test_an_assessment_says_what_was_computed_where_and_how_fast(
    sealed_model: Seal, picture: Save
) -> None:
    with LesionClassifier.open(sealed_model("int8").path) as classifier:
        assessment = classifier.assess(picture())
        info, card = classifier.info, classifier.card
    assert assessment.logit is not None
    assert assessment.score == score_from_logit(assessment.logit, card.temperature)
    assert (assessment.variant, assessment.runtime, assessment.delegate) == (
        "int8",
        info.runtime,
        "cpu",
    )
    assert 0 < assessment.preprocess_ms < assessment.latency_ms
    assert 0 < assessment.invoke_ms < assessment.latency_ms


def test_a_score_at_the_threshold_is_referred_and_the_next_below_is_not(
    sealed_model: Seal, lesion: Draw
) -> None:
    score = score_from_logit(0.25, sealed_model().card.temperature)
    at = answering(with_threshold(sealed_model, score), 0.25).assess(lesion())
    above = math.nextafter(score, 1)
    below = answering(with_threshold(sealed_model, above), 0.25).assess(lesion())
    assert (at.decision, at.score) == (Decision.REFER, score)
    assert (below.decision, below.score) == (Decision.NO_REFERRAL, score)
    assert at.reasons[0].startswith("score 0.542 is at or above the threshold")
    assert "below the threshold" in below.reasons[0]


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_uniform_picture_is_to_be_taken_again_without_a_score(
    sealed_model: Seal, picture: Save, level: int
) -> None:
    flat = Image.new("RGB", (80, 60), (level, level, level))
    with LesionClassifier.open(sealed_model().path) as classifier:
        assessment = classifier.assess(picture("flat.png", flat))
    assert assessment.decision is Decision.RETAKE
    assert (assessment.score, assessment.logit) == (None, None)
    assert "almost uniform" in assessment.reasons[0]


def test_a_thumbnail_is_to_be_sent_again_as_the_original(sealed_model: Seal, lesion: Draw) -> None:
    limits = dataclasses.replace(CONTRAST_ONLY, min_source_share=2.0)
    classifier = answering(sealed_model(quality=limits), 0.25)
    assert classifier.assess(lesion(64, 64)).decision is not Decision.RETAKE
    thumbnail = classifier.assess(lesion(64, 63))
    assert thumbnail.decision is Decision.RETAKE
    assert "send the original" in thumbnail.reasons[0]


@pytest.mark.parametrize("logit", [math.nan, math.inf, -math.inf])
def test_a_logit_that_is_no_number_never_becomes_a_decision(
    sealed_model: Seal, lesion: Draw, logit: float
) -> None:
    with pytest.raises(ContractError, match="finite logit"):
        answering(sealed_model(), logit).assess(lesion())


def test_a_picture_that_cannot_be_used_does_not_stop_the_next(
    sealed_model: Seal, picture: Save, tmp_path: Path
) -> None:
    with LesionClassifier.open(sealed_model().path) as classifier:
        with pytest.raises(ImageDecodeError):
            classifier.assess(b"no picture")
        with pytest.raises(InputError):
            classifier.assess(tmp_path / "missing.jpg")
        assert classifier.assess(picture()).score is not None


def test_a_model_for_the_edge_tpu_needs_the_edge_tpu(sealed_model: Seal) -> None:
    if edgetpu_library_problem() is None:
        pytest.skip("the Edge TPU library is installed here")
    sealed = sealed_model("int8", variant="edgetpu", requires_delegate="edgetpu")
    for delegate in (None, "edgetpu"):
        with pytest.raises(DelegateUnavailableError, match="use the int8 variant") as caught:
            LesionClassifier.open(sealed.path, delegate=delegate)
        assert caught.value.exit_code == 5


def test_a_delegate_for_which_the_file_was_not_made_is_refused(sealed_model: Seal) -> None:
    with pytest.raises(DelegateUnavailableError, match="delegate='edgetpu'"):
        LesionClassifier.open(sealed_model("int8").path, delegate="edgetpu")


def test_a_model_without_a_card_gets_no_default(tiny_flatbuffer: Path) -> None:
    with pytest.raises(CardMissingError):
        LesionClassifier.open(tiny_flatbuffer)


def test_more_threads_compute_the_same(sealed_model: Seal, picture: Save) -> None:
    path = picture()
    logits = []
    for threads in (1, 2):
        with LesionClassifier.open(sealed_model().path, threads=threads) as classifier:
            assert classifier.info.threads == threads
            logits.append(classifier.assess(path).logit)
    assert logits[0] == pytest.approx(logits[1], abs=1e-4)
