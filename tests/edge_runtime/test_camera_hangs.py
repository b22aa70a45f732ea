"""A camera that says nothing, or a driver that never returns, does not hold up the end."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge_runtime.contract.embed import SealedModel

pytest.importorskip("cv2", reason="needs the camera extra")

Start = Callable[..., subprocess.Popen[str]]
HEADERS = b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n"
# A wait in native code that no signal of the process's own handlers ends, without Python's lock.
HANGING_DRIVER = """
import ctypes, sys, types
CAP_FFMPEG = CAP_PROP_OPEN_TIMEOUT_MSEC = CAP_PROP_READ_TIMEOUT_MSEC = 0
utils = types.SimpleNamespace(
    logging=types.SimpleNamespace(setLogLevel=lambda level: None, LOG_LEVEL_SILENT=0)
)

def _hang():
    sys.stderr.write("hanging\\n")
    while True:
        ctypes.CDLL(None).pause()

class VideoCapture:
    def __init__(self, *arguments):
        pass
    def isOpened(self):
        return True
    def read(self):
        _hang()
    def release(self):
        _hang()
"""


@pytest.fixture
def start(sealed_model: Callable[..., SealedModel]) -> Iterator[Start]:
    """Starts ``melanoma-edge camera`` and returns once it waits for the camera."""
    started = []

    def run(
        source: str, folder: Path | None = None, wait_for: str = "medical"
    ) -> subprocess.Popen[str]:
        line = [sys.executable, "-m", "edge_runtime", "camera", source]
        line += ["--model", str(sealed_model("int8").path)]
        paths = [str(folder)] if folder else []
        process = subprocess.Popen(
            line,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([*paths, *sys.path])},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stderr is not None
        shown = ""
        while wait_for not in shown:
            text = process.stderr.readline()
            assert text, shown
            shown += text
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def silent(request: pytest.FixtureRequest) -> Iterator[str]:
    """Address of a server that accepts, says what the test's parameter is, and then nothing."""
    kept: list[socket.socket] = []

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = server.accept()
                client.sendall(request.param)
                kept.append(client)

    server = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=accept)
    thread.start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}/stream.mjpg"
    server.shutdown(socket.SHUT_RDWR)
    thread.join()
    for each in (server, *kept):
        each.close()


@pytest.mark.parametrize(
    ("silent", "number"),
    [(b"", signal.SIGTERM), (HEADERS, signal.SIGINT)],
    ids=["no answer", "no frame"],
    indirect=["silent"],
)
def test_a_silent_stream_does_not_hold_up_the_end(
    start: Start, silent: str, number: signal.Signals
) -> None:
    process = start(silent)
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors


def test_a_driver_that_never_returns_does_not_hold_up_the_end(start: Start, tmp_path: Path) -> None:
    (tmp_path / "cv2.py").write_text(HANGING_DRIVER, encoding="utf-8")
    process = start("http://127.0.0.1/none", tmp_path, "hanging")
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "")
