"""Several pictures at once: what one interpreter says of each, in order, errors in their place."""

import dataclasses
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from edge_runtime import Assessment, LesionClassifier, ParallelClassifier
from edge_runtime.contract.embed import SealedModel
from edge_runtime.errors import ContractError, ImageDecodeError, MissingDependencyError
from edge_runtime.runner import FakeRunner

Seal = Callable[..., SealedModel]
Draw = Callable[..., npt.NDArray[np.uint8]]

ASSESS_FOR_EVER = """
import itertools, signal, sys
from pathlib import Path
from edge_runtime import ParallelClassifier
# A test run in the background of a shell hands on that SIGINT is ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
with ParallelClassifier.open(Path(sys.argv[1]), workers=2) as classifier:
    for _ in classifier.assess_many(itertools.repeat(Path(sys.argv[2]))):
        sys.stdout.write("one\\n")
        sys.stdout.flush()
"""


def without_timings(assessment: Assessment) -> Assessment:
    return dataclasses.replace(assessment, preprocess_ms=0, invoke_ms=0, latency_ms=0)


@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("variant", ["float32", "int8"])
def test_results_are_those_of_one_interpreter_in_order_with_errors_in_place(
    sealed_model: Seal, lesion: Draw, tmp_path: Path, variant: str, workers: int
) -> None:
    pictures = []
    for seed in range(12):
        pictures.append(tmp_path / f"{seed}.png")
        Image.fromarray(lesion(48, 48 + seed * 8, seed)).save(pictures[-1])
    pictures[4].write_bytes(b"no picture")
    model = sealed_model(variant).path
    with ParallelClassifier.open(model, workers=workers) as many:
        outcomes = list(many.assess_many(pictures))
    assert [picture for picture, _ in outcomes] == pictures
    with LesionClassifier.open(model) as one:
        for picture, outcome in outcomes:
            if picture == pictures[4]:
                assert isinstance(outcome, ImageDecodeError)
            else:
                assert isinstance(outcome, Assessment)
                assert without_timings(outcome) == without_timings(one.assess(picture))


def test_arrays_and_bytes_are_taken_as_well(sealed_model: Seal, lesion: Draw) -> None:
    with ParallelClassifier.open(sealed_model().path, workers=2) as many:
        (_, array), (_, encoded) = many.assess_many([lesion(), b"no picture"])
        assert list(many.assess_many([])) == []
    assert isinstance(array, Assessment)
    assert isinstance(encoded, ImageDecodeError)


def test_pictures_are_taken_a_few_ahead_and_none_after_the_caller_stops(
    sealed_model: Seal, lesion: Draw
) -> None:
    taken = []

    def source() -> Iterator[npt.NDArray[np.uint8]]:
        for number in range(1000):
            taken.append(number)
            yield lesion(40, 40)

    with ParallelClassifier.open(sealed_model().path, workers=2) as many:
        results = many.assess_many(source())
        for _ in range(3):
            next(results)
        results.close()
        before = len(taken)
        assert before <= 8
        assert next(many.assess_many([lesion()]))[1].score is not None
    assert len(taken) == before
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("assess")]


def test_a_model_that_computes_no_number_ends_the_work(sealed_model: Seal, lesion: Draw) -> None:
    sealed = sealed_model()
    broken = FakeRunner(
        handler=lambda _: np.full((1, 1), np.nan, np.float32),
        input=sealed.card.input,
        output=sealed.card.output,
    )
    many = ParallelClassifier([LesionClassifier(sealed, broken) for _ in range(2)])
    with pytest.raises(ContractError, match="finite logit"):
        list(many.assess_many([lesion()] * 5))


def test_an_accelerator_gets_one_worker_and_so_does_its_fallback(
    sealed_model: Seal, lesion: Draw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "script"
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    monkeypatch.setenv("MELANOMA_TEST_SCRIPT", str(script))
    monkeypatch.setattr("edge_runtime.opening.EDGETPU_FACTORY", "failing_runners:scripted_edgetpu")
    edgetpu = sealed_model("int8", name="tpu", variant="edgetpu", requires_delegate="edgetpu").path
    for story, delegate in (("", "edgetpu"), ("absent", "cpu")):
        script.write_text(story)
        with ParallelClassifier.open(edgetpu, workers=3, fallback=sealed_model().path) as many:
            results = [outcome for _, outcome in many.assess_many([lesion()] * 4)]
            assert many.workers == 1
        assert {result.delegate for result in results} == {delegate}


@pytest.mark.parametrize("count", [12, 45])
def test_interpreters_share_pictures_evenly_to_the_last(
    sealed_model: Seal, picture: Callable[..., Path], count: int
) -> None:
    # Each inference waits for one of every other interpreter: none may run out of pictures first.
    sealed, all_at_work = sealed_model(), threading.Barrier(3, timeout=20)

    def compute(_: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        all_at_work.wait()
        return np.zeros((1, 1), np.float32)

    runners = [
        FakeRunner(handler=compute, input=sealed.card.input, output=sealed.card.output)
        for _ in range(3)
    ]
    with ParallelClassifier([LesionClassifier(sealed, runner) for runner in runners]) as many:
        assert len(list(many.assess_many([picture()] * count))) == count


@pytest.mark.parametrize("error", [MissingDependencyError("pydicom is absent"), ValueError("odd")])
def test_an_error_that_is_no_pictures_ends_the_work(
    sealed_model: Seal,
    picture: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    def no_reader(*_: object) -> None:
        raise error

    monkeypatch.setattr("edge_runtime.prepared_picture.decode_file", no_reader)
    with (
        ParallelClassifier.open(sealed_model().path, workers=2) as many,
        pytest.raises(type(error), match=str(error)),
    ):
        list(many.assess_many([picture()] * 30))


@pytest.mark.skipif(os.name != "posix", reason="sends the signal of Ctrl-C")
def test_ctrl_c_ends_the_process_at_once(sealed_model: Seal, picture: Callable[..., Path]) -> None:
    command = [sys.executable, "-c", ASSESS_FOR_EVER, sealed_model().path, picture()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"one\n"
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        complaints = process.stderr.read().decode()
    assert process.returncode == -signal.SIGINT
    assert complaints.count("Traceback") == 1
    assert complaints.rstrip().endswith("KeyboardInterrupt")
