"""The seam between our code and a camera: the newest frame, with its time."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from edge_runtime.contract.preprocess import Pixels


@dataclass(frozen=True, kw_only=True, eq=False)
class Frame:
    """One picture of a camera.

    Attributes:
        pixels: uint8 (height, width, 3), RGB, upright.
        captured_s: When it arrived, by ``time.monotonic``.
        number: Its place among the frames of the source, from 1.
    """

    pixels: Pixels
    captured_s: float
    number: int

    @property
    def age_ms(self) -> float:
        """Time since it arrived."""
        return (time.monotonic() - self.captured_s) * 1e3


class FrameSource(Protocol):
    """A camera or stream."""

    @property
    def problem(self) -> str | None:
        """Why no frames come at present; None while they do."""

    def open(self) -> None:
        """Begin to take frames."""

    def newest(self) -> Frame | None:
        """The newest frame, once; None if none came since the last call, or it is too old."""

    def close(self) -> None:
        """Let go of the camera."""


class FakeFrameSource:
    """A camera whose frames are given: for tests, and for trying out a sink."""

    def __init__(self, pictures: Sequence[Pixels | None]) -> None:
        """Hand out these, one a call; None stands for no new frame."""
        self._pictures = list(pictures)
        self._number = 0
        self.problem: str | None = None

    def open(self) -> None:
        """Nothing is needed."""

    def newest(self) -> Frame | None:
        """The next of the given pictures."""
        pixels = self._pictures.pop(0) if self._pictures else None
        if pixels is None:
            return None
        self._number += 1
        return Frame(pixels=pixels, captured_s=time.monotonic(), number=self._number)

    def close(self) -> None:
        """Nothing is held."""
