"""Keeps the log lines that native libraries write past Python out of the user's terminal."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator


@contextlib.contextmanager
def native_output_hidden() -> Iterator[None]:
    """Hide what C and C++ code writes to stdout and stderr inside the block.

    Python's own output inside the block is hidden too. With ``MELANOMA_NATIVE_LOG=1`` nothing is
    hidden, for when an exception does not tell enough.
    """
    if os.environ.get("MELANOMA_NATIVE_LOG") == "1":
        yield
        return
    with tempfile.TemporaryFile() as hidden:
        _flush()
        saved = os.dup(1), os.dup(2)
        os.dup2(hidden.fileno(), 1)
        os.dup2(hidden.fileno(), 2)
        try:
            yield
        finally:
            _flush()
            for stream, original in zip((1, 2), saved, strict=True):
                os.dup2(original, stream)
                os.close(original)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
