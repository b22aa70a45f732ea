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
FIRST_WAIT_S, LONGEST_WAIT_S = 0.25, 15.0
_CLOSE_S = 2.0


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
            connect: Opens it; raises OSError where that fails.
        """
        self._name, self._connect = name, connect
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._newest: Frame | None = None
        self._problem: str | None = "not opened yet"
        self._thread = threading.Thread(target=self._run, name=f"camera {name}", daemon=True)

    @property
    def problem(self) -> str | None:
        """Why no frames come at present; None while they do."""
        with self._lock:
            return self._problem

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
        wait_s, number = FIRST_WAIT_S, 0
        while not self._stop.is_set():
            before = number
            try:
                grabber = self._connect()
            except OSError as error:
                self._note(str(error))
            else:
                number = self._read_until_it_ends(grabber, number)
            if number > before:
                wait_s = FIRST_WAIT_S
            self._stop.wait(wait_s)
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    def _read_until_it_ends(self, grabber: Grabber, number: int) -> int:
        last, changed_s = None, time.monotonic()
        try:
            while not self._stop.is_set():
                pixels = grabber.read()
                captured_s = time.monotonic()
                if pixels is None:
                    self._note("the stream ended")
                    break
                if last is not None and np.array_equal(pixels, last):
                    if captured_s - changed_s > FROZEN_S:
                        self._note("the picture is frozen")
                    continue
                last, changed_s, number = pixels, captured_s, number + 1
                with self._lock:
                    self._newest = Frame(pixels=pixels, captured_s=captured_s, number=number)
                self._note(None)
        finally:
            grabber.release()
        return number

    def _note(self, problem: str | None) -> None:
        with self._lock:
            changed, self._problem = problem != self._problem, problem
        if changed:
            log.warning("%s: %s", self._name, problem or "frames come")
