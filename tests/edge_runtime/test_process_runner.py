"""A crash or hang of a driver becomes an error here, and leaves no process behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edge_runtime.errors import DelegateUnavailableError, TensorMismatchError
from edge_runtime.interpreter import load_runner
from edge_runtime.process_runner import Launch, ProcessRunner

pytestmark = pytest.mark.skipif(os.name != "posix", reason="looks at processes as POSIX has them")

HERE = Path(__file__).parent
TINY = HERE.parent / "data" / "tiny_float32.tflite"
Order = Callable[..., Launch]

HOLD_A_RUNNER = """
import sys, time
from edge_runtime.process_runner import Launch, ProcessRunner
factory, model, script, watchdog_s = sys.argv[1:]
launch = Launch(factory=factory, arguments={"model": model, "script": script},
                watchdog_s=float(watchdog_s))
runner = ProcessRunner(launch)
sys.stdout.write(f"{runner.pid}\\n")
sys.stdout.flush()
import numpy as np
runner.run(np.zeros(runner.input.shape, np.float32))
time.sleep(600)
"""


@pytest.fixture
def order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Order:
    """A launch of the scripted runner: ``order("well crash", watchdog_s=1)``."""
    monkeypatch.syspath_prepend(str(HERE))

    def make(story: str, *, watchdog_s: float = 30.0, start_s: float = 60.0) -> Launch:
        script = tmp_path / "script"
        script.write_text(story)
        return Launch(
            factory="failing_runners:scripted",
            arguments={"model": str(TINY), "script": str(script)},
            start_s=start_s,
            watchdog_s=watchdog_s,
        )

    return make


def tensor(value: float = 0.0) -> np.ndarray:
    return np.full((1, 32, 32, 3), value, np.float32)


def is_running(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be reaped does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return status != "Z"


def exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_it_computes_what_the_runner_inside_computes(order: Order) -> None:
    inside = load_runner(TINY)
    runner = ProcessRunner(order(""))
    assert (runner.input, runner.output) == (inside.input, inside.output)
    assert runner.info.delegate == "edgetpu"
    for value in (0.0, 128.0, 255.0):
        np.testing.assert_array_equal(runner.run(tensor(value)), inside.run(tensor(value)))
    runner.close()
    assert not exists(runner.pid)


def test_what_a_driver_prints_is_not_taken_for_an_answer(order: Order) -> None:
    runner = ProcessRunner(order("print print print"))
    for value in (0.0, 255.0):
        np.testing.assert_array_equal(
            runner.run(tensor(value)), load_runner(TINY).run(tensor(value))
        )
    runner.close()


@pytest.mark.parametrize(
    ("story", "report"),
    [
        ("well crash", "SIGSEGV"),
        ("well exit", "exit code 3"),
        ("well fail", "RuntimeError: invoke failed"),
        ("well hang", "no answer within 1 s"),
    ],
)
def test_a_failure_is_named_and_the_process_is_gone(order: Order, story: str, report: str) -> None:
    runner = ProcessRunner(order(story, watchdog_s=1))
    with pytest.raises(DelegateUnavailableError, match=report):
        runner.run(tensor())
    assert not exists(runner.pid)
    with pytest.raises(DelegateUnavailableError, match="ended before"):
        runner.run(tensor())
    runner.close()


@pytest.mark.parametrize(
    ("story", "report"),
    [("crash", "SIGSEGV"), ("hang", "no answer within 2 s"), ("absent", "no device")],
)
def test_a_start_that_fails_is_named(order: Order, story: str, report: str) -> None:
    with pytest.raises(DelegateUnavailableError, match=report):
        ProcessRunner(order(story, start_s=2 if story == "hang" else 60))


def test_an_error_of_the_factory_keeps_its_class(order: Order, tmp_path: Path) -> None:
    launch = order("")
    model = tmp_path / "none.tflite"
    launch.arguments["model"] = str(model)  # type: ignore[index]
    with pytest.raises(TensorMismatchError, match=r"none\.tflite"):
        ProcessRunner(launch)


def test_another_tensor_is_refused_and_does_no_harm(order: Order) -> None:
    runner = ProcessRunner(order(""))
    with pytest.raises(TensorMismatchError, match="dtype=uint8"):
        runner.run(np.zeros((1, 32, 32, 3), np.uint8))
    assert runner.run(tensor()).shape == (1, 1)
    runner.close()


def test_an_interrupted_run_ends_the_process_so_that_no_answer_comes_late(order: Order) -> None:
    runner = ProcessRunner(order("well hang"))
    signal.signal(signal.SIGALRM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    try:
        with pytest.raises(KeyboardInterrupt):
            runner.run(tensor())
    finally:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
    assert not exists(runner.pid)


def test_a_runner_that_nobody_closes_takes_its_process_along(order: Order) -> None:
    runner = ProcessRunner(order(""))
    pid = runner.pid
    del runner
    assert not exists(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("story", ["well", "well hang"])
def test_the_process_ends_with_a_parent_that_is_killed(order: Order, story: str) -> None:
    launch = order(story)
    model, script = launch.arguments["model"], launch.arguments["script"]
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD_A_RUNNER, launch.factory, model, script, "1.5"],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([*filter(None, sys.path), str(HERE)])},
    )
    assert holder.stdout is not None
    child = int(holder.stdout.readline())
    assert is_running(child)
    holder.kill()
    holder.communicate()
    deadline = time.monotonic() + 30
    while is_running(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_running(child)
