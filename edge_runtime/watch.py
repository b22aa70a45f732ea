"""Pictures as they come into a folder that a dermatoscope writes to."""

import threading
from collections.abc import Iterator
from pathlib import Path

from edge_runtime.console import display_name, log
from edge_runtime.dicom import FILE_SUFFIXES

State = tuple[int, int]  # size and time of the last change


def watch_folder(
    folder: Path, stop: threading.Event, *, poll_s: float = 0.5, existing: bool = False
) -> Iterator[Path]:
    """Each new picture once, when it has stopped growing.

    A file counts as whole when its size and time are the same at two looks. One that changes later,
    as where a device uses a name again or pauses while it writes, is a new picture. The folder may
    vanish and come back, as one on a stick or a network does.

    Args:
        folder: Looked into, not deeper.
        stop: Ends the watch when it is set.
        poll_s: Time between two looks in seconds.
        existing: Whether to hand out what lies there at the start.
    """
    taken = {} if existing else _look(folder)
    seen: dict[Path, State] = {}
    there = True
    while not stop.is_set():
        found = _look(folder)
        if there != folder.is_dir():
            there = not there
            log.warning("%s is %s", display_name(folder), "back" if there else "gone; waiting")
        for path, state in sorted(found.items()):
            if seen.get(path) == state != taken.get(path) and state[0] > 0:
                taken[path] = state
                yield path
        seen = found
        stop.wait(poll_s)


def _look(folder: Path) -> dict[Path, State]:
    try:
        paths = [
            path
            for path in folder.iterdir()
            if path.suffix.lower() in FILE_SUFFIXES and not path.name.startswith(".")
        ]
    except OSError:
        return {}
    found = {}
    for path in paths:
        try:
            status = path.stat()
        except OSError:
            continue  # gone between two looks
        found[path] = status.st_size, status.st_mtime_ns
    return found
