"""An accelerator that fails is started anew, then replaced, and every result says by what."""

import dataclasses
import logging
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from edge_runtime import LesionClassifier
from edge_runtime.contract.embed import SealedModel
from edge_runtime.contract.labels import Labels
from edge_runtime.errors import (
    CardMissingError,
    ContractError,
    DelegateUnavailableError,
    SelfTestError,
)
from edge_runtime.runner import FakeRunner, Runner
from edge_runtime.supervised_runner import RestartBudget, SupervisedRunner

pytestmark = pytest.mark.skipif(os.name != "posix", reason="crashes as POSIX systems do")

Seal = Callable[..., SealedModel]
Draw = Callable[..., npt.NDArray[np.uint8]]
Write = Callable[[str], Path]

WELL_AT_THE_START = "well well well"  # loaded, and two golden cases
CRASH_AFTER_RESTART = "well well well crash"


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes what the accelerator will do, a word for each process and inference."""
    path = tmp_path / "script"
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    monkeypatch.setenv("MELANOMA_TEST_SCRIPT", str(path))
    monkeypatch.setattr("edge_runtime.opening.EDGETPU_FACTORY", "failing_runners:scripted_edgetpu")
    # The log reaches pytest although the commands keep it to themselves.
    monkeypatch.setattr(logging.getLogger("melanoma"), "propagate", True)

    def write(*story: str) -> Path:
        path.write_text(" ".join(story))
        return path

    return write


@pytest.fixture
def edgetpu(sealed_model: Seal) -> Path:
    """A file that says that it was made for an Edge TPU."""
    return sealed_model(
        "int8", name="tiny_none_32_edgetpu", variant="edgetpu", requires_delegate="edgetpu"
    ).path


@pytest.fixture
def cpu(sealed_model: Seal) -> Path:
    """A variant for the processor, with an operating point of its own."""
    point = dataclasses.replace(sealed_model().card.operating_point, threshold=0.25)
    return sealed_model("float32", operating_point=point).path


def test_a_crash_costs_a_restart_and_no_picture(
    script: Write, edgetpu: Path, lesion: Draw, caplog: pytest.LogCaptureFixture
) -> None:
    script(WELL_AT_THE_START, "well", "crash")
    with LesionClassifier.open(edgetpu) as classifier:
        before, after = (classifier.assess(lesion()) for _ in range(2))
    assert before.logit == after.logit
    assert (after.delegate, after.fallback) == ("edgetpu", None)
    assert "SIGSEGV" in caplog.text
    assert "started anew (1 of 3)" in caplog.text


def test_when_restarts_are_used_up_the_fallback_decides_by_its_own_card(
    script: Write, edgetpu: Path, cpu: Path, lesion: Draw
) -> None:
    script(WELL_AT_THE_START, "crash", *[CRASH_AFTER_RESTART] * 3)
    with LesionClassifier.open(cpu) as alone:
        expected = alone.assess(lesion())
    with LesionClassifier.open(edgetpu, fallback=cpu) as classifier:
        assert classifier.card.variant == "edgetpu"
        results = [classifier.assess(lesion()) for _ in range(2)]
        assert classifier.card.variant == "float32"
        assert classifier.info.delegate == "cpu"
    for result in results:
        assert result.fallback is not None
        assert "in place of tiny_none_32_edgetpu" in result.fallback
        assert "SIGSEGV" in result.fallback
        assert (result.model, result.variant) == ("tiny_none_32_float32", "float32")
        assert (result.logit, result.score, result.decision, result.reasons) == (
            *(expected.logit, expected.score, expected.decision, expected.reasons),
        )
        assert "threshold 0.250" in result.reasons[0]


def test_without_a_fallback_every_picture_gets_the_reason(
    script: Write, edgetpu: Path, lesion: Draw
) -> None:
    script(WELL_AT_THE_START, "fail", *["well well well fail"] * 3)
    with LesionClassifier.open(edgetpu) as classifier:
        for _ in range(2):
            with pytest.raises(DelegateUnavailableError, match="invoke failed") as caught:
                classifier.assess(lesion())
            assert "at most 3 restarts within 60 minutes" in str(caught.value)


def test_a_restarted_accelerator_that_computes_something_else_is_not_used(
    script: Write, edgetpu: Path, cpu: Path, lesion: Draw
) -> None:
    script(WELL_AT_THE_START, "crash", *["well lie"] * 3)
    with LesionClassifier.open(edgetpu, fallback=cpu) as classifier:
        result = classifier.assess(lesion())
    assert result.fallback is not None
    assert "expected logit" in result.fallback
    assert result.variant == "float32"


@pytest.mark.parametrize("story", ["absent", "crash", "well lie"])
def test_an_accelerator_that_cannot_start_is_replaced_from_the_first_picture(
    script: Write, edgetpu: Path, cpu: Path, lesion: Draw, story: str
) -> None:
    script(story)
    with LesionClassifier.open(edgetpu, fallback=cpu) as classifier:
        assert classifier.fallback is not None
        assert classifier.assess(lesion()).fallback == classifier.fallback
    script(story)
    with pytest.raises((DelegateUnavailableError, SelfTestError)):
        LesionClassifier.open(edgetpu)


def test_a_fallback_that_would_not_work_is_found_at_the_start(
    script: Write, edgetpu: Path, sealed_model: Seal, tmp_path: Path
) -> None:
    script("")
    with pytest.raises(CardMissingError):
        LesionClassifier.open(edgetpu, fallback=tmp_path / "missing.tflite")
    with pytest.raises(DelegateUnavailableError, match="delegate='cpu'"):
        LesionClassifier.open(edgetpu, fallback=edgetpu)
    other = sealed_model("float32", labels=Labels(negative="a", positive="b"))
    with pytest.raises(ContractError, match="with the labels"):
        LesionClassifier.open(edgetpu, fallback=other.path)


def test_a_file_for_the_processor_needs_no_fallback(
    sealed_model: Seal, lesion: Draw, tmp_path: Path
) -> None:
    absent = tmp_path / "missing.tflite"
    with LesionClassifier.open(sealed_model().path, fallback=absent) as classifier:
        assert classifier.assess(lesion()).fallback is None


def test_restarts_count_within_their_time_only(sealed_model: Seal) -> None:
    card = sealed_model().card
    failures = iter([False, True] * 20)

    def handler(_: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        if next(failures):
            raise DelegateUnavailableError("expected an answer. Received: none")
        return np.ones((1, 1), np.float32)

    def start() -> Runner:
        return FakeRunner(handler=handler, input=card.input, output=card.output)

    tensor = np.zeros(card.input.shape, np.float32)
    forgiving = SupervisedRunner(start, lambda _: None, RestartBudget(restarts=1, within_s=0.0))
    assert [forgiving.run(tensor)[0, 0] for _ in range(5)] == [1.0] * 5
    strict = SupervisedRunner(start, lambda _: None, RestartBudget(restarts=1))
    with pytest.raises(DelegateUnavailableError, match="at most 1 restarts"):
        [strict.run(tensor) for _ in range(5)]
