"""The process in which an Edge TPU works: a crash or hang of its driver ends this process only.

Started by ``process_runner`` with one argument, a JSON object: what builds the runner, and limits.
On stdin come input tensors, one after the other, as plain bytes. On stdout go replies: a line of
JSON, and after each but the first, unless it names an error, the output tensor as plain bytes.

The process ends when its stdin does, which is also when its parent dies. While native code works,
an alarm of the system is set: if it hangs, the process ends although nobody is left to end it.
"""

import contextlib
import importlib
import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from edge_runtime.contract.schema import to_json
from edge_runtime.errors import MelanomaError
from edge_runtime.interpreter import load_runner
from edge_runtime.runner import Runner

# The parent's watchdog comes first; the alarm is for when there is no parent any more.
_ALARM_AFTER_WATCHDOG_S = 2.0


def load_edgetpu_runner(path: str, runtime: str, delegate: str, threads: int) -> Runner:
    """A runner on an Edge TPU, as :func:`interpreter.load_runner` gives it."""
    return load_runner(Path(path), runtime=runtime, delegate=delegate, threads=threads)


def main() -> None:
    """Serve one runner until stdin ends."""
    launch = json.loads(sys.argv[1])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then ends this
    replies = _take_stdout()
    try:
        with _alarm(launch["start_s"]):
            runner = _build(launch["factory"], launch["arguments"])
    except MelanomaError as error:
        _send(replies, {"error": str(error), "kind": type(error).__name__})
        return
    _send(
        replies,
        {
            "info": to_json(runner.info),
            "input": to_json(runner.input),
            "output": to_json(runner.output),
        },
    )
    _serve(runner, sys.stdin.buffer, replies, launch["watchdog_s"])


def _serve(runner: Runner, requests: BinaryIO, replies: BinaryIO, watchdog_s: float) -> None:
    dtype = np.dtype(runner.input.dtype)
    size = dtype.itemsize * int(np.prod(runner.input.shape))
    while len(request := requests.read(size)) == size:
        tensor = np.frombuffer(request, dtype).reshape(runner.input.shape)
        try:
            with _alarm(watchdog_s):
                output = runner.run(tensor)
        except Exception as error:  # noqa: BLE001 - whatever a native package raises
            _send(replies, {"error": f"{type(error).__name__}: {error}"})
            return
        _send(replies, {}, np.ascontiguousarray(output).tobytes())


def _build(factory: str, arguments: dict[str, Any]) -> Runner:
    module, _, name = factory.partition(":")
    runner: Runner = getattr(importlib.import_module(module), name)(**arguments)
    return runner


def _take_stdout() -> BinaryIO:
    """Stdout for replies alone: what native code prints goes to stderr from now on."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return replies


@contextlib.contextmanager
def _alarm(limit_s: float) -> Iterator[None]:
    if not hasattr(signal, "setitimer"):  # Windows: the parent's watchdog is all there is
        yield
        return
    signal.setitimer(signal.ITIMER_REAL, limit_s + _ALARM_AFTER_WATCHDOG_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _send(replies: BinaryIO, header: dict[str, Any], payload: bytes = b"") -> None:
    replies.write(json.dumps(header).encode() + b"\n" + payload)
    replies.flush()


if __name__ == "__main__":
    main()
