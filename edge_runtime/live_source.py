"""Keeps the newest frame of a camera, notices when it stops, and connects again."""

import threading
import time
from collections.abc import Callable
from typing import Protocol

import numpy as np

from edge_runtime.console import log
from edge_runtime.contract.preprocess import Pixels
from edge_runtime.frame_source import Frame

MAX_AGE_S = 1.0  # an older frame may show another lesion
# A sensor's noise makes every frame differ: equal ones for so long come from a camera that hangs.
FROZEN_S = 1.0
BLACK_LEVEL = 8.0  # mean of 0 … 255: a cap, a cable, or no light
FIRST_WAIT_S, LONGEST_WAIT_S = 0.25, 15.0
_REPEAT_PAUSE_S = 0.005  # a camera that hangs may answer at once
_SPARSE = 8  # every so many pixels tell how dark a picture is
_CLOSE_S = 6.0  # longer than a stream takes to give up


class Grabber(Protocol):
    """An open connection to a camera."""

    def read(self) -> Pixels | None:
        """The next frame, uint8 (height, width, 3), RGB; None if there is none any more."""

    def release(self) -> None:
        """Let go of the camera."""


class LiveSource:
    """A :class:`FrameSource` that reads in a thread of its own.

    A read that never returns cannot hold up the program: the thread is left behind when it ends.
    """

    def __init__(self, name: str, connect: Callable[[], Grabber]) -> None:
        """Wrap a camera.

        Args:
            name: What messages call it.
            connect: Opens it; raises where that fails.
        """
        self._name, self._connect = name, connect
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._newest: Frame | None = None
        self._last: Pixels | None = None
        self._changed_s = time.monotonic()
        self._number = 0
        self._problem: str | None = "not opened yet"
        self._thread = threading.Thread(target=self._run, name=f"camera {name}", daemon=True)

    @property
    def problem(self) -> str | None:
        """Why no frames come at present; None while they do."""
        with self._lock:
            problem = self._problem
        age_s = time.monotonic() - self._changed_s
        return f"no frame for {age_s:.0f} s" if problem is None and age_s > MAX_AGE_S else problem

    def open(self) -> None:
        """Begin to take frames."""
        self._thread.start()

    def newest(self) -> Frame | None:
        """The newest frame, once; None if none came since the last call, or it is too old."""
        with self._lock:
            frame, self._newest = self._newest, None
        return frame if frame is not None and frame.age_ms <= MAX_AGE_S * 1e3 else None

    def close(self) -> None:
        """Let go of the camera; a reader that hangs is left to end with the process."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(_CLOSE_S)

    def _run(self) -> None:
        wait_s = FIRST_WAIT_S
        while not self._stop.is_set():
            before = self._number
            try:
                self._read_until_it_ends()
            except Exception as error:  # noqa: BLE001 - whatever a driver raises, it is asked again
                self._note(str(error) or type(error).__name__)
            if self._number > before:
                wait_s = FIRST_WAIT_S
            self._stop.wait(wait_s)
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    def _read_until_it_ends(self) -> None:
        grabber = self._connect()
        opened_s = time.monotonic()
        try:
            while not self._stop.is_set():
                pixels = grabber.read()
                if pixels is None:
                    self._note("the stream ended")
                    return
                captured_s = time.monotonic()
                if self._repeats(pixels):
                    if captured_s - max(opened_s, self._changed_s) > FROZEN_S:
                        # A camera that was pulled out may repeat its last frame for ever.
                        self._note("the picture is frozen")
                        return
                    self._stop.wait(_REPEAT_PAUSE_S)
                else:
                    self._take(pixels, captured_s)
        finally:
            grabber.release()

    def _repeats(self, pixels: Pixels) -> bool:
        """Whether it is the last picture again, of an earlier connection, too."""
        return self._last is not None and np.array_equal(pixels, self._last)

    def _take(self, pixels: Pixels, captured_s: float) -> None:
        self._last, self._changed_s = pixels, captured_s
        black = float(pixels[::_SPARSE, ::_SPARSE].mean()) < BLACK_LEVEL
        if not black:
            self._number += 1
            frame = Frame(pixels=pixels, captured_s=captured_s, number=self._number)
        with self._lock:
            self._newest = None if black else frame
        self._note("the picture is black" if black else None)

    def _note(self, problem: str | None) -> None:
        with self._lock:
            changed, self._problem = problem != self._problem, problem
        if changed:
            log.warning("%s: %s", self._name, problem or "frames come")
