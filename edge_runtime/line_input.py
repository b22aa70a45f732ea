"""Lines on stdin, awaited in a way that a signal can end."""

import os
import select
import threading

_LOOK_S = 0.1


class LineInput:
    """Counts the lines that come in: each is a press of a foot switch, or Enter."""

    def __init__(self, descriptor: int) -> None:
        """Read from a file descriptor; nobody else may."""
        self._descriptor = descriptor
        self._waiting = 0

    def wait(self, stop: threading.Event) -> bool:
        """Wait for the next line; False if the input has ended or ``stop`` was set."""
        # A plain readline goes on after a signal, until somebody presses Enter.
        while not stop.is_set():
            if self._waiting:
                self._waiting -= 1
                return True
            if select.select([self._descriptor], [], [], _LOOK_S)[0]:
                received = os.read(self._descriptor, 4096)
                if not received:
                    return False
                self._waiting += received.count(b"\n")
        return False
