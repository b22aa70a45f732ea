"""Cameras and streams by OpenCV, and the Pi's camera by Picamera2; always RGB."""

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edge_runtime.console import display_name
from edge_runtime.contract.preprocess import Pixels
from edge_runtime.errors import ImageDecodeError, InputError, MissingDependencyError
from edge_runtime.live_source import LiveSource

PICAMERA = "picamera"
_TIMEOUT_MS = 5000
_SIZE_WH = (1280, 960)


def open_camera(source: str) -> LiveSource:
    """A camera by its name; not opened yet.

    Args:
        source: ``0``, ``1`` … or ``/dev/video0`` for a V4L2 camera; an ``rtsp://`` or ``http://``
            address for a stream; ``picamera`` for the Pi's camera.

    Raises:
        MissingDependencyError: If the package that drives it is absent.
    """
    if source == PICAMERA:
        module = _import_picamera2()
        return LiveSource(source, lambda: _Picamera(module))
    cv2 = _import_cv2()
    return LiveSource(source, lambda: _OpenCv(cv2, source))


def read_video(path: Path, every_s: float) -> Iterator[tuple[float, Pixels]]:
    """Pictures of a video file, so many seconds apart.

    Args:
        path: A video file.
        every_s: Time between two pictures; 0 gives every frame.

    Yields:
        Its time in seconds and uint8 pixels (height, width, 3), RGB.

    Raises:
        MissingDependencyError: If OpenCV is absent.
        InputError: If there is no such file.
        ImageDecodeError: If it is no video.
    """
    cv2 = _import_cv2()
    if not path.is_file():
        raise InputError(f"expected a video file. Received: {display_name(path)}. Check the path.")
    capture = cv2.VideoCapture(str(path))
    try:
        frames_a_second = capture.get(cv2.CAP_PROP_FPS) or 25.0
        number, due_s = 0, 0.0
        while True:
            read, bgr = capture.read()
            if not read:
                break
            time_s = number / frames_a_second
            number += 1
            if time_s >= due_s:
                due_s = time_s + every_s
                yield time_s, _rgb(cv2, bgr)
    finally:
        capture.release()
    if number == 0:
        raise ImageDecodeError(
            f"expected a video that OpenCV can read. Received: {display_name(path)}."
        )


class _OpenCv:
    def __init__(self, cv2: Any, source: str) -> None:
        self._cv2 = cv2
        if source.isdecimal():
            self._capture = cv2.VideoCapture(int(source))
        elif "://" in source:
            timeouts = (cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, cv2.CAP_PROP_READ_TIMEOUT_MSEC)
            options = [number for name in timeouts for number in (name, _TIMEOUT_MS)]
            self._capture = cv2.VideoCapture(source, cv2.CAP_FFMPEG, options)
        else:
            self._capture = cv2.VideoCapture(source)
        if not self._capture.isOpened():
            raise OSError("it cannot be opened")

    def read(self) -> Pixels | None:
        read, bgr = self._capture.read()
        return _rgb(self._cv2, bgr) if read else None

    def release(self) -> None:
        self._capture.release()


class _Picamera:
    def __init__(self, module: Any) -> None:
        try:
            self._camera = module.Picamera2()
            # Picamera2 names formats from the last byte on: BGR888 is red, green, blue in memory.
            main = {"size": _SIZE_WH, "format": "BGR888"}
            self._camera.configure(self._camera.create_video_configuration(main=main))
            self._camera.start()
        except (RuntimeError, IndexError) as error:
            raise OSError(f"it cannot be opened: {error}") from error

    def read(self) -> Pixels | None:
        pixels: Pixels = self._camera.capture_array("main")
        return pixels[..., :3]

    def release(self) -> None:
        self._camera.stop()
        self._camera.close()


def _rgb(cv2: Any, bgr: Any) -> Pixels:
    pixels: Pixels = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
    return pixels


def _import_cv2() -> Any:
    try:
        cv2 = importlib.import_module("cv2")
    except ImportError as error:
        raise MissingDependencyError(
            "expected OpenCV for cameras and videos. Received: no cv2 package. "
            'Install it with: pip install "melanoma-edge[camera]"'
        ) from error
    return cv2


def _import_picamera2() -> Any:
    try:
        return importlib.import_module("picamera2")
    except ImportError as error:
        raise MissingDependencyError(
            "expected Picamera2. Received: no picamera2 package. Install it with: "
            "sudo apt install python3-picamera2, and make the environment with "
            "--system-site-packages"
        ) from error
