"""Runs one of the four commands as a user does: echoed, timed, its output passed through."""

import contextlib
import io
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from edge_runtime.console import write_line
from edge_runtime.errors import MelanomaError

COMMANDS = {
    "trainer": "melanoma-train",
    "converter": "melanoma-convert",
    "edge_runtime": "melanoma-edge",
    "benchmarks": "melanoma-bench",
}
_LINE_LENGTH = 100
_GRACE_S = 10.0
_SIGNAL_BASE = 128  # shells report a process that signal n ended as 128 + n


class StepError(MelanomaError):
    """A step ended with another exit code than 0; the demo ends with the same one."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@dataclass(frozen=True, kw_only=True)
class Step:
    """One command.

    Attributes:
        title: What it does.
        package: The package that is run; its command does the same.
        arguments: Of the command.
        stdout_to: File that also gets its standard output.
    """

    title: str
    package: str
    arguments: tuple[str, ...]
    stdout_to: Path | None = None

    @property
    def command(self) -> str:
        """As typed into a shell, one or more lines."""
        return wrap_command((COMMANDS[self.package], *self.arguments))


@dataclass(frozen=True, kw_only=True)
class FinishedStep:
    """What was done.

    Attributes:
        title: In words.
        command: As typed.
        seconds: How long it took.
    """

    title: str
    command: str
    seconds: float


def wrap_command(words: Iterable[str]) -> str:
    """A shell command in lines of a readable length; an option stays beside its value."""
    groups: list[str] = []
    for word in map(shlex.quote, words):
        if groups and groups[-1].startswith("--") and " " not in groups[-1]:
            groups[-1] += f" {word}"
        else:
            groups.append(word)
    lines = [groups[0]]
    for group in groups[1:]:
        if len(lines[-1]) + len(group) + 3 > _LINE_LENGTH:
            lines.append(f"    {group}")
        else:
            lines[-1] += f" {group}"
    return " \\\n".join(lines)


def announce(title: str, position: str, command: str) -> None:
    """Show what comes next."""
    write_line()
    write_line(f"[{position}] {title}")
    write_line("$ " + command)


def run_step(step: Step, position: str) -> FinishedStep:
    """Run a step to its end.

    Args:
        step: What to run.
        position: Which one it is, as in ``2/5``.

    Raises:
        StepError: If it ends with another exit code than 0.
    """
    announce(step.title, position, step.command)
    start = time.monotonic()
    arguments = [sys.executable, "-m", step.package, *step.arguments]
    code = _run(arguments, step.stdout_to)
    if code != 0:
        raise StepError(
            f"expected step {position} to end with exit code 0. Received: exit code {code}; its "
            "own message is above",
            code if code > 0 else _SIGNAL_BASE - code,
        )
    return finish(step.title, step.command, start)


def finish(title: str, command: str, start: float) -> FinishedStep:
    """Show and return how long it took since ``start``, a time of ``time.monotonic``."""
    seconds = time.monotonic() - start
    write_line(f"done in {duration(seconds)}")
    return FinishedStep(title=title, command=command, seconds=seconds)


def duration(seconds: float) -> str:
    """As in ``31 s`` or ``2 min 5 s``."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _run(arguments: list[str], stdout_to: Path | None) -> int:
    """Exit code of a program whose output goes through, and into a file if one is named."""
    # Where rows are kept, stderr is no terminal either: a progress bar would be drawn into them.
    pipe = None if stdout_to is None else subprocess.PIPE
    process = subprocess.Popen(arguments, stdout=pipe, stderr=pipe, text=True, encoding="utf-8")
    try:
        if stdout_to is not None:
            _pass_through(process, stdout_to)
        return process.wait()
    except KeyboardInterrupt:
        # The terminal has interrupted the program too: it may tidy up before it is ended.
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_S)
        raise
    finally:
        process.kill()
        process.wait()


def _pass_through(process: subprocess.Popen[str], stdout_to: Path) -> None:
    told = threading.Thread(target=_copy_lines, args=(process.stderr, sys.stderr), daemon=True)
    told.start()
    with stdout_to.open("w", encoding="utf-8") as kept:
        _copy_lines(process.stdout, sys.stdout, kept)
    told.join()


def _copy_lines(source: IO[str] | None, *targets: IO[str]) -> None:
    with source or io.StringIO() as lines:
        for line in lines:
            for target in targets:
                target.write(line)
                target.flush()
