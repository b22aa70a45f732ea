"""``from edge_runtime import LesionClassifier``: light to import, safe to share, clear if shut."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import edge_runtime
from edge_runtime import Assessment, LesionClassifier
from edge_runtime.contract.embed import SealedModel
from edge_runtime.errors import DeviceError, InputError
from edge_runtime.runner import FakeRunner, RunnerInfo
from edge_runtime.runtime_note import runtime_note

Seal = Callable[..., SealedModel]
Draw = Callable[..., npt.NDArray[np.uint8]]


@dataclass(frozen=True)
class Frame:
    """What a camera hands out."""

    pixels: npt.NDArray[np.uint8]
    captured_at_s: float = 0.0


def info(family: str) -> RunnerInfo:
    return RunnerInfo(
        runtime="tflite-runtime 2.14.0", delegate="cpu", kernel_family=family, threads=1
    )


def test_importing_the_package_loads_no_array_library() -> None:
    program = (
        "import sys, edge_runtime, edge_runtime.errors; "
        "sys.exit(any(name in sys.modules for name in ('numpy', 'PIL', 'typer')))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_everything_that_is_announced_is_there() -> None:
    for name in edge_runtime.__all__:
        assert getattr(edge_runtime, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'Classifier'"):
        _ = edge_runtime.Classifier


def test_a_stream_gives_one_result_a_frame_as_they_come(sealed_model: Seal, lesion: Draw) -> None:
    asked = []

    def frames() -> Iterator[Any]:
        for frame in (lesion(), Frame(lesion()), np.zeros((4, 4), np.uint8), Frame(lesion())):
            asked.append(frame)
            yield frame

    with LesionClassifier.open(sealed_model().path) as classifier:
        stream = classifier.assess_stream(frames())
        first = next(stream)
        assert len(asked) == 1
        second, third, fourth = stream
    assert isinstance(first, Assessment)
    assert isinstance(second, Assessment)
    assert isinstance(third, InputError)
    assert isinstance(fourth, Assessment)
    assert first.logit == second.logit == fourth.logit


def test_threads_that_share_a_classifier_wait_for_one_another(
    sealed_model: Seal, lesion: Draw
) -> None:
    sealed = sealed_model()
    inside, most, wrong = [0], [0], []

    def handler(tensor: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        threading.Event().wait(0.002)
        inside[0] -= 1
        return tensor[:, 0, 0, :1].copy()

    shared = LesionClassifier(
        sealed, FakeRunner(handler=handler, input=sealed.card.input, output=sealed.card.output)
    )

    def assess(level: int) -> None:
        picture = lesion()
        picture[:20, :20] = level
        for _ in range(5):
            if shared.assess(picture).logit != level:
                wrong.append(level)

    threads = [threading.Thread(target=assess, args=(level,)) for level in (20, 60, 100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most, wrong) == ([1], [])


def test_a_closed_classifier_says_so(sealed_model: Seal, lesion: Draw, tmp_path: Path) -> None:
    classifier = LesionClassifier.open(sealed_model().path)
    classifier.close()
    classifier.close()
    for use in (
        lambda: classifier.assess(lesion()),
        lambda: classifier.assess(tmp_path / "missing.jpg"),
        lambda: classifier.info,
    ):
        with pytest.raises(DeviceError, match="was closed"):
            use()


@pytest.mark.parametrize("family", ["xnnpack", "builtin"])
def test_the_kernels_of_the_card_need_no_note(family: str) -> None:
    assert runtime_note(family, info(family)) is None


def test_other_kernels_are_noted_with_both_names() -> None:
    note = runtime_note("xnnpack", info("builtin"))
    assert note is not None
    assert "xnnpack" in note
    assert "tflite-runtime 2.14.0 computes with builtin kernels" in note
    unknown = runtime_note("", info("builtin"))
    assert unknown is not None
    assert "does not say" in unknown
