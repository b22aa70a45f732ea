"""A camera on the loopback network whose frames carry their number, so that their age is known."""

import io
import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
from PIL import Image

from edge_runtime.contract.preprocess import Pixels

_BITS = 10
_CYCLE_S = 5.0  # at least so long until a number comes again: longer than any frame is kept
_STRIP = 16  # rows of a frame that hold its number, a JPEG block high twice
_GREYS = 112, 144  # near each other, so that the checks before scoring see no hard edges
_BOUNDARY = "frame"


class NumberedStream:
    """Serves a picture as MJPEG; a strip on top shows each frame's number in two greys.

    Attributes:
        sent_s: When each number was sent last, by ``time.monotonic``.
        restored_s: When it was restored after each cut.
    """

    def __init__(self, picture: Pixels, frames_per_s: float) -> None:
        """Number and encode the frames.

        Args:
            picture: What all of them show, uint8 (height, width, 3), RGB.
            frames_per_s: How many are sent, at most 204.
        """
        self._interval_s = 1 / frames_per_s
        numbers = min(2**_BITS, math.ceil(_CYCLE_S * frames_per_s))
        self._parts = [_part(pixels) for pixels in _frames(picture, numbers)]
        self._stop, self._whole = threading.Event(), threading.Event()
        self._whole.set()
        self.sent_s = [0.0] * numbers
        self.restored_s: list[float] = []

    def cut(self) -> None:
        """End every connection and refuse new ones, until :meth:`restore`."""
        self._whole.clear()

    def restore(self) -> None:
        """Serve again."""
        self.restored_s.append(time.monotonic())
        self._whole.set()

    @contextmanager
    def serve(self) -> Iterator[str]:
        """Its address while the block runs."""
        stream = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if not stream._whole.is_set():
                    self.send_error(HTTPStatus.SERVICE_UNAVAILABLE)
                    return
                self.send_response(HTTPStatus.OK)
                kind = f"multipart/x-mixed-replace; boundary={_BOUNDARY}"
                self.send_header("Content-Type", kind)
                self.end_headers()
                stream._send_to(self.wfile)

            def log_message(self, *_: Any) -> None:
                """Nothing is logged."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/stream.mjpg"
        finally:
            self._stop.set()
            server.shutdown()
            server.server_close()

    def _send_to(self, client: Any) -> None:
        due_s, number = time.monotonic(), 0
        while self._whole.is_set() and not self._stop.is_set():
            self.sent_s[number] = time.monotonic()
            try:
                client.write(self._parts[number])
            except OSError:
                return  # the client has left
            number = (number + 1) % len(self._parts)
            due_s += self._interval_s
            time.sleep(max(0.0, due_s - time.monotonic()))


def frame_number(pixels: Pixels) -> int:
    """The number that a frame shows.

    Args:
        pixels: uint8 (height, width, 3), RGB.
    """
    blocks = np.array_split(pixels[: _STRIP // 2, :, 1], _BITS, axis=1)
    return sum(1 << place for place, block in enumerate(blocks) if block.mean() > np.mean(_GREYS))


def _frames(picture: Pixels, numbers: int) -> Iterator[Pixels]:
    for number in range(numbers):
        frame = picture.copy()
        for place, columns in enumerate(np.array_split(np.arange(picture.shape[1]), _BITS)):
            frame[:_STRIP, columns] = _GREYS[number >> place & 1]
        yield frame


def _part(pixels: Pixels) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=85)
    jpeg = buffer.getvalue()
    head = f"Content-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n".encode()
    return f"--{_BOUNDARY}\r\n".encode() + head + jpeg + b"\r\n"
