"""Pictures of a video file, so many seconds apart."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edge_runtime.console import display_name, log
from edge_runtime.contract.preprocess import Pixels
from edge_runtime.errors import ImageDecodeError, InputError
from edge_runtime.opencv import import_cv2, rgb_from_bgr

_SLACK_S = 1e-6  # forgives 0.3 for being 0.30000000000000004


def read_video(path: Path, every_s: float) -> Iterator[tuple[float, Pixels]]:
    """Pictures of a video file, so many seconds of the video apart; the first is its first.

    Args:
        path: A video file.
        every_s: Time between two pictures; 0 gives every frame.

    Yields:
        Its time in seconds and uint8 pixels (height, width, 3), RGB, turned as the file says.

    Raises:
        MissingDependencyError: If OpenCV is absent.
        InputError: If there is no such file.
        ImageDecodeError: If it is no video.
    """
    cv2 = import_cv2()
    if not path.is_file():
        raise InputError(f"expected a video file. Received: {display_name(path)}. Check the path.")
    # FFmpeg by name: another backend takes 001.jpg for a film of the pictures beside it. And an
    # absolute path: FFmpeg takes what stands before a colon for a protocol.
    capture = cv2.VideoCapture(str(path.resolve()), cv2.CAP_FFMPEG)
    try:
        yield from _pictures(cv2, capture, path, every_s)
    finally:
        capture.release()


def _pictures(cv2: Any, capture: Any, path: Path, every_s: float) -> Iterator[tuple[float, Pixels]]:
    count, taken, due_s = 0, 0, 0.0
    promised = capture.get(cv2.CAP_PROP_FRAME_COUNT)
    while capture.grab():
        count += 1
        # The frame's own time: phones record at a rate that varies.
        time_s = capture.get(cv2.CAP_PROP_POS_MSEC) / 1e3
        if time_s < due_s - _SLACK_S:
            continue
        decoded, bgr = capture.retrieve()
        if decoded:
            taken += 1
            if every_s:
                due_s += every_s * (1 + (time_s - due_s + _SLACK_S) // every_s)
            yield time_s, rgb_from_bgr(cv2, bgr)
    if taken == 0:
        raise ImageDecodeError(
            f"expected a video that OpenCV can read. Received: {display_name(path)}. "
            "Check that it plays elsewhere, or convert it to MP4 (H.264)."
        )
    if count < 0.9 * promised:
        log.warning(
            "warning: %s ends after %d of %d frames: it is cut short",
            display_name(path),
            count,
            promised,
        )
