"""Cameras and streams: red stays red, a cut stream comes back, a frozen one is noticed."""

import contextlib
import json
import signal
import socket
import subprocess
import sys
import threading
import time
import types
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("cv2", reason="needs the camera extra")


from edge_runtime import live_source
from edge_runtime.cameras import open_camera
from edge_runtime.errors import ImageDecodeError, InputError, MissingDependencyError
from edge_runtime.frame_source import Frame
from edge_runtime.live_source import LiveSource
from edge_runtime.video_file import read_video

RED = (200, 30, 30)
BOUNDARY = b"--frame"


class MjpegServer:
    """A camera on the network, over loopback, that a test can cut and restore.

    Serves frames of one colour with a little noise, as a sensor has it."""

    def __init__(self, colour_rgb: tuple[int, int, int], frames_a_second: float = 30) -> None:
        self.colour_rgb = colour_rgb
        self.frozen = False
        self._interval_s = 1 / frames_a_second
        self._server: ThreadingHTTPServer | None = None
        self._cut = threading.Event()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/stream.mjpg"

    def start(self) -> None:
        stream, self._cut = self, threading.Event()
        cut = self._cut

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                kind = "multipart/x-mixed-replace; boundary=frame"
                self.send_header("Content-Type", kind)
                self.end_headers()
                with contextlib.suppress(OSError):  # the reader has left, as it may at any time
                    while not cut.is_set():
                        self.wfile.write(stream._part())
                        time.sleep(stream._interval_s)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._cut.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def _part(self) -> bytes:
        import cv2

        rng = np.random.default_rng(0 if self.frozen else None)
        noise = rng.integers(-6, 7, (120, 160, 3))
        rgb = np.clip(np.array(self.colour_rgb) + noise, 0, 255).astype(np.uint8)
        _, jpeg = cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])
        head = b"Content-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg)
        return BOUNDARY + b"\r\n" + head + jpeg.tobytes() + b"\r\n"


def is_red(pixels: Any) -> bool:
    red, green, blue = pixels.reshape(-1, 3).mean(axis=0)
    return bool(red > 170 and green < 60 and blue < 60)


def wait_for(condition: Callable[[], Any], seconds: float = 20) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError("it did not happen in time")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[MjpegServer]:
    monkeypatch.setattr(live_source, "LONGEST_WAIT_S", 0.5)
    running = MjpegServer(RED)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def stream(server: MjpegServer) -> Iterator[LiveSource]:
    source = open_camera(server.url)
    source.open()
    yield source
    source.close()


def test_a_red_patch_is_red_in_a_stream_and_frames_have_their_time(stream: LiveSource) -> None:
    frame = wait_for(stream.newest)
    assert is_red(frame.pixels)
    assert frame.age_ms < 1000
    later = wait_for(stream.newest)
    assert later.number > frame.number
    assert later.captured_s > frame.captured_s
    assert stream.problem is None


def test_a_stream_that_is_cut_comes_back_and_no_old_frame_with_it(
    server: MjpegServer, stream: LiveSource
) -> None:
    number = wait_for(stream.newest).number
    for _ in range(3):
        server.stop()
        wait_for(lambda: stream.problem)
        stream.newest()
        assert stream.newest() is None
        restored_s = time.monotonic()
        server.start()
        frame: Frame = wait_for(stream.newest)
        assert frame.captured_s > restored_s
        assert frame.number > number
        number = frame.number


def test_a_frozen_picture_is_noticed(
    server: MjpegServer, stream: LiveSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_source, "FROZEN_S", 0.2)
    wait_for(stream.newest)
    server.frozen = True
    wait_for(lambda: stream.problem == "the picture is frozen")
    stream.newest()
    assert stream.newest() is None
    server.frozen = False
    assert wait_for(stream.newest)


def test_an_old_frame_is_not_handed_out(
    stream: LiveSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_for(stream.newest)
    monkeypatch.setattr(live_source, "MAX_AGE_S", -1.0)
    time.sleep(0.2)
    assert stream.newest() is None


def test_a_reader_that_hangs_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_source, "_CLOSE_S", 0.1)

    class Hanging:
        def read(self) -> None:
            time.sleep(3600)

        def release(self) -> None:
            pass

    source = LiveSource("hanging", Hanging)
    source.open()
    source.close()
    assert source.newest() is None


def test_a_red_patch_is_red_in_a_video_file(tmp_path: Path) -> None:
    import cv2

    path = tmp_path / "red.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (160, 120))
    for _ in range(20):
        writer.write(np.full((120, 160, 3), RED[::-1], np.uint8))
    writer.release()
    pictures = list(read_video(path, 0.5))
    assert [round(time_s, 1) for time_s, _ in pictures] == [0.0, 0.5, 1.0, 1.5]
    assert all(is_red(pixels) for _, pixels in pictures)


def test_what_is_no_video_is_refused(tmp_path: Path) -> None:
    (tmp_path / "no.avi").write_bytes(b"nothing")
    with pytest.raises(ImageDecodeError):
        list(read_video(tmp_path / "no.avi", 1))
    with pytest.raises(InputError):
        list(read_video(tmp_path / "absent.avi", 1))


def test_a_red_patch_is_red_from_the_pi_camera(monkeypatch: pytest.MonkeyPatch) -> None:
    class Picamera2:
        """Behaves as the real one: BGR888 is red first in memory, RGB888 blue first."""

        def create_video_configuration(self, main: dict[str, Any]) -> dict[str, Any]:
            return main

        def configure(self, main: dict[str, Any]) -> None:
            order = RED if main["format"] == "BGR888" else RED[::-1]
            self._size, self._order = main["size"], order

        def start(self) -> None:
            pass

        def capture_array(self, _: str, wait: float) -> Any:
            assert wait > 0
            time.sleep(0.01)
            width, height = self._size
            noise = np.random.default_rng().integers(0, 3, (height, width, 3))
            return (np.array(self._order) + noise).astype(np.uint8)

        def stop(self) -> None:
            pass

        close = stop

    fake = types.ModuleType("picamera2")
    fake.Picamera2 = Picamera2  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "picamera2", fake)
    source = open_camera("picamera")
    source.open()
    try:
        assert is_red(wait_for(source.newest).pixels)
    finally:
        source.close()


def test_an_absent_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MissingDependencyError, match=r"melanoma-edge\[camera\]"):
        open_camera("0")
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(MissingDependencyError, match="picamera2"):
        open_camera("picamera")


def test_the_command_gives_results_with_the_frames_age_and_ends_on_sigterm(
    server: MjpegServer, sealed_model: Callable[..., Any]
) -> None:
    model = str(sealed_model("int8").path)
    options = ("--json", "--every", "0.1", "--burst", "2", "--model", model)
    line = [sys.executable, "-m", "edge_runtime", "camera", server.url, *options]
    process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    row = json.loads(process.stdout.readline())
    assert row["frame_age_ms"] < 1000
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
