"""A runner in a process of its own: what crashes or hangs there becomes an error here."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any

import numpy as np

from edge_runtime import errors
from edge_runtime.contract.quantization import TensorSpec
from edge_runtime.contract.schema import from_json
from edge_runtime.errors import DelegateUnavailableError, MelanomaError
from edge_runtime.runner import RunnerInfo, Tensor

_PROGRAM = "edge_runtime.delegate_process"
_CLOSE_S = 2.0
_REAP_S = 5.0  # a process inside a stuck system call cannot be ended; its parent must not wait


@dataclass(frozen=True, kw_only=True)
class Launch:
    """What a process runs, and how long each step may take before it counts as hung.

    Attributes:
        factory: What builds the runner there, as in ``package.module:function``.
        arguments: Keyword arguments of the factory, JSON types.
        start_s: For importing, loading the delegate and the model.
        watchdog_s: For one inference.
    """

    factory: str
    arguments: Mapping[str, Any]
    start_s: float = 60.0
    watchdog_s: float = 10.0


class ProcessRunner:
    """A loaded model in a child process. Not safe to share between threads.

    Once it has failed, the child is ended and reaped, and every further run fails too.
    """

    def __init__(self, launch: Launch) -> None:
        """Start the process and wait until its model is loaded.

        Raises:
            DelegateUnavailableError: If the process crashes or hangs.
            MelanomaError: What the factory raised there.
        """
        self._watchdog_s = launch.watchdog_s
        self._process = _start(launch)
        self._end = weakref.finalize(self, _end_process, self._process)
        header, _ = self._exchange(b"", 0, launch.start_s)
        if "error" in header:
            self._end()
            raise _forwarded(header)
        self.info = from_json(RunnerInfo, header["info"], "info")
        self.input = from_json(TensorSpec, header["input"], "input")
        self.output = from_json(TensorSpec, header["output"], "output")
        self._output_size = np.dtype(self.output.dtype).itemsize * int(np.prod(self.output.shape))

    @property
    def pid(self) -> int:
        """Process id of the child."""
        return self._process.pid

    def run(self, tensor: Tensor) -> Tensor:
        """The output tensor for an input tensor; both as their specs say.

        Raises:
            DelegateUnavailableError: If the process crashes, or gives no answer in time.
        """
        if not self._end.alive:
            raise _failure("it was ended before")
        expected = np.dtype(self.input.dtype), self.input.shape
        if (tensor.dtype, tensor.shape) != expected:
            raise errors.TensorMismatchError(
                f"expected a tensor of {self.input}. "
                f"Received: dtype={tensor.dtype}, shape={tensor.shape}"
            )
        header, output = self._exchange(tensor.tobytes(), self._output_size, self._watchdog_s)
        if "error" in header:
            self._end()
            raise _failure(header["error"])
        return np.frombuffer(output, self.output.dtype).reshape(self.output.shape)

    def close(self) -> None:
        """End the process and reap it."""
        self._end()

    def _exchange(
        self, request: bytes, payload_size: int, limit_s: float
    ) -> tuple[dict[str, Any], bytes]:
        """Header and payload of the answer; whatever prevents one ends the process."""
        hung = threading.Event()
        watchdog = threading.Timer(limit_s, _kill_hung, (self._process, hung))
        watchdog.daemon = True
        watchdog.start()
        try:
            answer = _ask(self._process, request, payload_size)
        except BaseException:
            # Were the process kept, its late answer would be taken for that of the next picture.
            self._process.kill()
            self._end()
            raise
        finally:
            watchdog.cancel()
        if answer is None:
            self._end()
            code = self._process.returncode
            raise _failure(f"no answer within {limit_s:g} s" if hung.is_set() else _ended_by(code))
        return answer


def _start(launch: Launch) -> "subprocess.Popen[bytes]":
    order = json.dumps(
        {
            "factory": launch.factory,
            "arguments": dict(launch.arguments),
            "start_s": launch.start_s,
            "watchdog_s": launch.watchdog_s,
        }
    )
    shown = os.environ.get("MELANOMA_NATIVE_LOG") == "1"
    # What is importable here is importable there, and nothing else: -P keeps the folder out that
    # the command was called from.
    path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)  # noqa: PTH109
    return subprocess.Popen(
        [sys.executable, "-P", "-m", _PROGRAM, order],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=None if shown else subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": path},
    )


def _ask(
    process: "subprocess.Popen[bytes]", request: bytes, payload_size: int
) -> tuple[dict[str, Any], bytes] | None:
    """The answer's header and payload; None if the process ended before it was whole."""
    requests, replies = _streams(process)
    with contextlib.suppress(BrokenPipeError):  # seen as an answer that ends early
        requests.write(request)
        requests.flush()
    line = replies.readline()
    if not line.endswith(b"\n"):
        return None
    header: dict[str, Any] = json.loads(line)
    payload = b"" if "error" in header else replies.read(payload_size)
    return (header, payload) if "error" in header or len(payload) == payload_size else None


def _streams(process: "subprocess.Popen[bytes]") -> tuple[IO[bytes], IO[bytes]]:
    requests, replies = process.stdin, process.stdout
    if requests is None or replies is None:
        raise TypeError("the process was started without pipes")
    return requests, replies


def _kill_hung(process: "subprocess.Popen[bytes]", hung: threading.Event) -> None:
    hung.set()
    process.kill()


def _end_process(process: "subprocess.Popen[bytes]") -> None:
    """Let the process end as its stdin does, which frees its device; kill it if it will not."""
    requests, replies = _streams(process)
    with contextlib.suppress(OSError):
        requests.close()
    try:
        process.wait(_CLOSE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_REAP_S)
    replies.close()


def _ended_by(code: int | None) -> str:
    if code is not None and code < 0:
        return f"it was ended by {signal.Signals(-code).name}"
    return f"it ended with exit code {code}"


def _failure(problem: str) -> DelegateUnavailableError:
    return DelegateUnavailableError(
        f"expected an answer from the process that drives the accelerator. Received: {problem}. "
        "Unplug the accelerator and plug it in again, or use the int8 variant."
    )


def _forwarded(header: dict[str, Any]) -> MelanomaError:
    kind = getattr(errors, header["kind"], MelanomaError)
    error: MelanomaError = kind(header["error"])
    return error
