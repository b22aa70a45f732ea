"""``threads="auto"``: what is fastest here, measured once for a host and a model."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from edge_runtime import LesionClassifier, thread_choice
from edge_runtime.contract.embed import SealedModel
from edge_runtime.contract.quantization import TensorSpec
from edge_runtime.runner import FakeRunner, Runner, RunnerInfo
from edge_runtime.thread_choice import choose_runner

Seal = Callable[..., SealedModel]
Load = Callable[[int], Runner]
Draw = Callable[..., npt.NDArray[np.uint8]]

MODEL = {"file_sha256": "abc", "runtime": "fake 0", "delegate": "cpu"}
SPEC = TensorSpec(dtype="float32", shape=(1, 1), scale=0.0, zero_point=0)


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MELANOMA_STATE", str(tmp_path / "state"))


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[int, float]], tuple[Load, list[int]]]:
    """A board on a clock of its own: seconds of an inference by number of threads."""

    def make(seconds: dict[int, float], cores: int = 4) -> tuple[Load, list[int]]:
        now, loaded = [0.0], []

        def load(threads: int) -> Runner:
            def run(tensor: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
                now[0] += seconds[threads]
                return tensor

            loaded.append(threads)
            info = RunnerInfo(
                runtime="fake 0", delegate="cpu", kernel_family="builtin", threads=threads
            )
            return FakeRunner(handler=run, input=SPEC, output=SPEC, info=info)

        monkeypatch.setattr(thread_choice, "available_cores", lambda: cores)
        monkeypatch.setattr(time, "perf_counter", lambda: now[0])
        return load, loaded

    return make


@pytest.mark.parametrize(
    ("seconds", "chosen"),
    [
        ({1: 1.0, 2: 0.6, 4: 0.4}, 4),
        ({1: 1.0, 2: 0.6, 4: 0.59}, 2),  # the last cores gain too little
        ({1: 1.0, 2: 1.2, 4: 0.1}, 1),  # two are slower: the machine is busy
    ],
)
def test_more_threads_are_taken_where_they_are_worth_it(
    device: Callable[..., tuple[Load, list[int]]], seconds: dict[int, float], chosen: int
) -> None:
    load, _ = device(seconds)
    assert choose_runner(load, MODEL).info.threads == chosen


def test_the_choice_is_measured_once_for_a_host_and_model(
    device: Callable[..., tuple[Load, list[int]]],
) -> None:
    load, loaded = device({1: 1.0, 2: 0.5, 4: 0.3})
    choose_runner(load, MODEL)
    loaded.clear()
    assert choose_runner(load, MODEL).info.threads == 4
    assert loaded == [4]
    choose_runner(load, {**MODEL, "file_sha256": "def"})
    assert loaded == [4, 1, 2, 4]


def test_fewer_cores_are_measured_anew_and_never_overcommitted(
    device: Callable[..., tuple[Load, list[int]]],
) -> None:
    seconds = {1: 1.0, 2: 0.5, 4: 0.3}
    choose_runner(device(seconds, cores=4)[0], MODEL)
    load, loaded = device(seconds, cores=2)
    assert choose_runner(load, MODEL).info.threads == 2
    assert max(loaded) == 2
    load, loaded = device(seconds, cores=1)
    assert choose_runner(load, MODEL).info.threads == 1
    assert loaded == [1]


@pytest.mark.parametrize("kept", [0, -1, 99, "2", None, True])
def test_a_kept_count_that_makes_no_sense_is_measured_again(
    device: Callable[..., tuple[Load, list[int]]], kept: object
) -> None:
    load, _ = device({1: 1.0, 2: 0.5, 4: 0.3})
    thread_choice.remember("threads", {**MODEL, "cores": "4"}, kept)
    assert choose_runner(load, MODEL).info.threads == 4


def test_auto_computes_what_one_thread_computes(sealed_model: Seal, lesion: Draw) -> None:
    logits = []
    for threads in ("auto", "auto", 1):
        with LesionClassifier.open(sealed_model().path, threads=threads) as classifier:
            assert 1 <= classifier.info.threads <= thread_choice.available_cores()
            logits.append(classifier.assess(lesion()).logit)
    assert logits == pytest.approx([logits[-1]] * 3, abs=1e-4)
