"""A question to a process of its own: JSON in, the last line it writes out."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from edge_runtime.errors import DeviceError


def ask_module(module: str, request: Any, about: str) -> Any:
    """The answer of a module of this project, in this Python.

    Raises:
        DeviceError: If the process fails.
    """
    # The child imports what this process imports, whatever lies in the working directory.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return ask([sys.executable, "-P", "-m", module], request, about, environment)


def ask(
    command: Sequence[str], request: Any, about: str, environment: dict[str, str] | None = None
) -> Any:
    """What a command answers to a request on stdin, as JSON types.

    Args:
        command: Program and arguments.
        request: JSON types.
        about: What is measured, for the message of an error.
        environment: None passes on that of this process.

    Raises:
        DeviceError: If the process cannot start, fails or answers nothing.
    """
    try:
        child = subprocess.run(
            list(command),
            input=json.dumps(request),
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            env=environment,
            check=False,
        )
    except OSError as error:
        raise DeviceError(
            f"expected a program that measures {about}. Received: {command[0]!r}: "
            f"{error.strerror or error}. Check its path."
        ) from error
    lines = child.stdout.splitlines()
    if child.returncode != 0 or not lines:
        said = child.stderr.strip().splitlines()
        raise DeviceError(
            f"expected a measurement of {about}. Received: a process that ended with "
            f"status {child.returncode}: {said[-1] if said else 'no message'}. A negative status "
            "is a signal, -9 mostly a lack of memory: measure one variant at a time."
        )
    return json.loads(lines[-1])
