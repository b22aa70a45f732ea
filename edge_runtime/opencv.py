"""OpenCV, loaded when used and quiet, and its pictures as RGB."""

import importlib
import os
from typing import Any

from edge_runtime.contract.preprocess import Pixels
from edge_runtime.errors import MissingDependencyError

# Read when OpenCV is loaded. Its messages and FFmpeg's may name a stream's address and password; a
# V4L2 camera that gives nothing would hold its reader for 10 s.
_SETTINGS = {
    "OPENCV_LOG_LEVEL": "SILENT",
    "OPENCV_FFMPEG_LOGLEVEL": "-8",
    "OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT": "2",
}


def import_cv2() -> Any:
    """The package ``cv2``; it writes nothing to stderr, unless the environment says so.

    Raises:
        MissingDependencyError: If it is absent.
    """
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    try:
        return importlib.import_module("cv2")
    except ImportError as error:
        raise MissingDependencyError(
            "expected OpenCV for cameras and videos. Received: no cv2 package. "
            'Install it with: pip install "melanoma-edge[camera]"'
        ) from error


def rgb_from_bgr(cv2: Any, bgr: Any) -> Pixels:
    """OpenCV's blue, green, red pixels (height, width, 3) as uint8 RGB."""
    pixels: Pixels = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
    return pixels
