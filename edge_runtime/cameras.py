"""Cameras and streams by OpenCV, and the Pi's camera by Picamera2; always RGB."""

import importlib
import os
import re
import sys
from pathlib import Path
from typing import Any

from edge_runtime.contract.preprocess import Pixels
from edge_runtime.errors import CameraUnavailableError, InputError, MissingDependencyError
from edge_runtime.live_source import LiveSource
from edge_runtime.opencv import import_cv2, rgb_from_bgr

PICAMERA = "picamera"
SCHEMES = ("rtsp", "rtsps", "http", "https")
_OPEN_TIMEOUT_MS = 5000
# A stream that pauses for longer is connected again: what it sends later may be a backlog.
_READ_TIMEOUT_MS = 2000
_PICAMERA_TIMEOUT_S = 2.0
_SIZE_WH = (1280, 960)


def open_camera(source: str) -> LiveSource:
    """A camera by its name; not opened yet.

    Args:
        source: ``0``, ``1`` … or ``/dev/video0`` for a V4L2 camera; an ``rtsp://`` or ``http://``
            address for a stream; ``picamera`` for the Pi's camera.

    Raises:
        MissingDependencyError: If the package that drives it is absent.
        CameraUnavailableError: If there is no such device.
        InputError: If it names no kind of camera.
    """
    if source == PICAMERA:
        module = _import_picamera2()
        return LiveSource(source, lambda: _Picamera(module))
    cv2 = import_cv2()
    if "://" in source:
        _require_scheme(source)
        return LiveSource(shown_source(source), lambda: _OpenCv(cv2, source))
    index = _device_index(source)
    return LiveSource(source, lambda: _OpenCv(cv2, index))


def shown_source(source: str) -> str:
    """The source for logs and messages: an address without password and query."""
    if "://" not in source:
        return source
    scheme, _, rest = source.partition("?")[0].partition("://")
    return f"{scheme}://{re.sub('^[^/]*@', '', rest)}"


def _require_scheme(source: str) -> None:
    if source.partition("://")[0].lower() not in SCHEMES:
        raise InputError(
            f"expected an address that begins with {', '.join(SCHEMES)}. "
            f"Received: {shown_source(source)}."
        )


def _device_index(source: str) -> int:
    """Number of a V4L2 device, whose path may be a link as those in /dev/v4l/by-id."""
    path = f"/dev/video{source}" if source.isdecimal() else source
    found = re.fullmatch(r"/dev/video(\d+)", os.path.realpath(path))
    if sys.platform == "linux" and not Path(path).exists():
        raise CameraUnavailableError(
            f"expected a camera, stream or {PICAMERA!r}. Received: source={source}, and there is "
            f"no {path}. Plug it in, or see what there is: melanoma-edge doctor"
        )
    if found is None:
        raise InputError(
            f"expected a number, /dev/video…, an address or {PICAMERA!r}. "
            f"Received: source={source}. For a file, use melanoma-edge video."
        )
    return int(found[1])


class _OpenCv:
    def __init__(self, cv2: Any, source: int | str) -> None:
        self._cv2 = cv2
        if isinstance(source, int):
            driver = cv2.CAP_V4L2 if sys.platform == "linux" else cv2.CAP_ANY
            self._capture = cv2.VideoCapture(source, driver)
        else:
            limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _OPEN_TIMEOUT_MS]
            limits += [cv2.CAP_PROP_READ_TIMEOUT_MSEC, _READ_TIMEOUT_MS]
            self._capture = cv2.VideoCapture(source, cv2.CAP_FFMPEG, limits)
        if not self._capture.isOpened():
            raise OSError("it cannot be opened")

    def read(self) -> Pixels | None:
        read, bgr = self._capture.read()
        return rgb_from_bgr(self._cv2, bgr) if read else None

    def release(self) -> None:
        self._capture.release()


class _Picamera:
    def __init__(self, module: Any) -> None:
        self._camera = module.Picamera2()
        try:
            # Picamera2 names formats from the last byte on: BGR888 is red, green, blue in memory.
            main = {"size": _SIZE_WH, "format": "BGR888"}
            self._camera.configure(self._camera.create_video_configuration(main=main))
            self._camera.start()
        except Exception:
            self._camera.close()  # an open one cannot be opened again
            raise

    def read(self) -> Pixels | None:
        pixels: Pixels = self._camera.capture_array("main", wait=_PICAMERA_TIMEOUT_S)
        return pixels[..., :3]

    def release(self) -> None:
        self._camera.close()


def _import_picamera2() -> Any:
    try:
        return importlib.import_module("picamera2")
    except ImportError as error:
        raise MissingDependencyError(
            "expected Picamera2. Received: no picamera2 package. Install it with: "
            "sudo apt install python3-picamera2, and make the environment with "
            "--system-site-packages"
        ) from error
