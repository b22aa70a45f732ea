"""A new folder that appears when all of it is written."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from edge_runtime import console
from edge_runtime.errors import InputError


@contextlib.contextmanager
def output_folder(out: Path) -> Iterator[Path]:
    """A folder beside the output that gets its name once all is written, or is removed.

    Raises:
        OutputExistsError: If the output exists.
        InputError: If no folder can be made there.
    """
    console.require_absent(out)
    partial = out.with_name(out.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
    except OSError as error:
        raise InputError(
            f"expected a place for a new folder. Received: --out {console.display_name(out)}: "
            f"{error.strerror}. Name another one."
        ) from error
    try:
        yield partial
        partial.rename(out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
