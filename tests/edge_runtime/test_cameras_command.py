"""The camera and video commands as their user meets them: rows, errors, and an end on a signal."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("cv2", reason="needs the camera extra")

from edge_runtime.synthetic import draw_lesion

Finished = subprocess.CompletedProcess[str]
Run = Callable[..., Finished]
Seal = Callable[..., Any]
PASSWORD = "correct-horse"  # noqa: S105 - nobody's
HEAD = b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n"


@pytest.fixture
def stalling_stream() -> Iterator[tuple[str, threading.Event]]:
    """Address of a stream that gives some frames, then nothing; and what is set from then on."""
    import cv2

    parts = []
    for seed in range(4):
        bgr = draw_lesion("malignant", seed, (120, 160))[..., ::-1]
        jpeg = cv2.imencode(".jpg", bgr)[1].tobytes()
        parts.append(
            b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n"
            % (len(jpeg), jpeg)
        )

    def serve() -> None:
        client, _ = listener.accept()
        with client, contextlib.suppress(OSError):
            client.recv(4096)
            client.sendall(HEAD)
            for part in parts:
                client.sendall(part)
                ended.wait(0.1)
            stalled.set()
            ended.wait(60)

    stalled, ended = threading.Event(), threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        port = listener.getsockname()[1]
        yield f"http://user:{PASSWORD}@127.0.0.1:{port}/s.mjpg?key={PASSWORD}", stalled
        ended.set()


@pytest.fixture
def hanging_picamera2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera module whose driver gives one frame and never returns from the second call."""
    source = """
        import time
        import numpy

        class Picamera2:
            frames = 0

            def create_video_configuration(self, main):
                self.size = main["size"]

            def configure(self, _):
                pass

            start = close = lambda self: None

            def capture_array(self, _, wait):
                if self.frames:
                    time.sleep(3600)
                self.frames += 1
                width, height = self.size
                return numpy.random.default_rng(1).integers(0, 255, (height, width, 3), "uint8")
    """
    folder = tmp_path / "packages"
    folder.mkdir()
    (folder / "picamera2.py").write_text(textwrap.dedent(source))
    monkeypatch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)


def start(*arguments: str, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "edge_runtime", *arguments],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ends_cleanly(process: subprocess.Popen[str], number: signal.Signals) -> str:
    """What it wrote to stderr, once the signal has ended it."""
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    assert "Fatal" not in errors
    return errors


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_while_a_stream_gives_nothing_and_no_password_is_shown(
    sealed_model: Seal, stalling_stream: tuple[str, threading.Event], number: signal.Signals
) -> None:
    url, stalled = stalling_stream
    model = str(sealed_model("int8").path)
    process = start("camera", url, "--model", model, "--burst", "1", "--every", "0")
    assert process.stdout is not None
    shown = [process.stdout.readline() for _ in range(4)]
    assert "not a medical device" in shown[2]
    assert "frame 1 " in shown[3]
    assert "ms old" in shown[3]
    assert stalled.wait(30)
    errors = ends_cleanly(process, number)
    assert "127.0.0.1" in errors
    assert PASSWORD not in errors + "".join(shown)


@pytest.mark.usefixtures("hanging_picamera2")
def test_a_signal_ends_it_while_a_driver_never_returns(sealed_model: Seal) -> None:
    model = str(sealed_model("int8").path)
    process = start("camera", "picamera", "--model", model, "--burst", "1", "--json")
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["decision"]
    ends_cleanly(process, signal.SIGTERM)


def test_each_line_on_stdin_gives_a_result_and_a_signal_ends_the_wait_for_it(
    sealed_model: Seal, stalling_stream: tuple[str, threading.Event]
) -> None:
    model = str(sealed_model("int8").path)
    options = ("--on-key", "--burst", "1", "--json")
    process = start("camera", stalling_stream[0], "--model", model, *options, stdin=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    row = json.loads(process.stdout.readline())
    assert row["source"] == "frame 1"
    assert row["frame_age_ms"] is not None
    ends_cleanly(process, signal.SIGTERM)


@pytest.mark.parametrize(
    ("source", "code", "message"),
    [
        ("/dev/video987", 5, "Plug it in"),
        ("987", 5, "/dev/video987"),
        ("gopher://camera", 4, "rtsp"),
        (__file__, 4, "melanoma-edge video"),
    ],
)
def test_what_is_no_camera_is_named_at_once(
    melanoma_edge: Run, source: str, code: int, message: str
) -> None:
    finished = melanoma_edge("camera", source)
    assert finished.returncode == code
    assert message in finished.stderr


@pytest.fixture
def film(tmp_path: Path) -> Path:
    import cv2

    path = tmp_path / "film.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (160, 120))
    for seed in range(20):
        writer.write(np.ascontiguousarray(draw_lesion("benign", seed, (120, 160))[..., ::-1]))
    writer.release()
    return path


def test_a_video_gives_a_row_for_each_time(
    melanoma_edge: Run, sealed_model: Seal, film: Path
) -> None:
    model = sealed_model("int8").path
    finished = melanoma_edge("video", film, "--every", "0.5", "--model", model, "--json")
    assert finished.returncode == 0
    found = [json.loads(line) for line in finished.stdout.splitlines()]
    assert [row["source"] for row in found] == ["0.00 s", "0.50 s", "1.00 s", "1.50 s"]
    assert all(row["decision"] and row["error"] is None for row in found)
    assert "not a medical device" in finished.stderr


def test_a_video_that_is_cut_short_gives_what_is_there_and_says_so(
    melanoma_edge: Run, sealed_model: Seal, film: Path
) -> None:
    film.write_bytes(film.read_bytes()[: film.stat().st_size * 6 // 10])
    finished = melanoma_edge("video", film, "--every", "0.5", "--model", sealed_model().path)
    assert finished.returncode == 0
    assert "0.50 s" in finished.stdout
    assert "1.50 s" not in finished.stdout
    assert "cut short" in finished.stderr


def test_a_video_that_is_none_is_refused(
    melanoma_edge: Run, sealed_model: Seal, tmp_path: Path
) -> None:
    (tmp_path / "no.mp4").write_bytes(b"nothing")
    for name in ("no.mp4", "absent.mp4"):
        finished = melanoma_edge("video", tmp_path / name, "--model", sealed_model().path)
        assert finished.returncode == 4
        assert "expected a video" in finished.stderr
