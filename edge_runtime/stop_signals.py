"""Ctrl-C and SIGTERM as an event that a loop looks at."""

import queue
import signal
import threading


def stop_on_signals() -> threading.Event:
    """An event that SIGINT and SIGTERM set from now on, instead of ending the process."""
    stop = threading.Event()
    # A handler that sets the event itself waits for ever if the main thread holds its lock.
    asked: queue.SimpleQueue[None] = queue.SimpleQueue()

    def pass_on() -> None:
        asked.get()
        stop.set()

    threading.Thread(target=pass_on, name="stop", daemon=True).start()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked.put(None))
    return stop
