"""What the four commands share: errors to exit codes, tables, progress, logging to stderr."""

import contextlib
import io
import logging
import math
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import typer

from edge_runtime.errors import DeviceError, MelanomaError, OutputExistsError
from edge_runtime.version import __version__

T = TypeVar("T")
EXIT_CODES = (
    "Exit codes: 0 done; 1 unexpected error; 2 wrong use, or the output exists; 3 model file and "
    "runtime disagree; 4 a picture or data set cannot be used; 5 device, disk, runtime or package "
    "missing or failing; 6 conversion failed; 7 benchmark outside tolerances; 130 interrupted; "
    "141 nobody reads the output any more."
)
_LOG_EVERY_S = 10.0
_READER_LEFT = 141  # what a shell makes of SIGPIPE

log = logging.getLogger("melanoma")


def make_app(help_text: str) -> typer.Typer:
    """A command with the options that all four share."""
    app = typer.Typer(
        help=help_text,
        epilog=EXIT_CODES,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )

    @app.callback(epilog=EXIT_CODES)
    def shared_options(
        # --debug is taken out of the arguments by run_app; --version acts in its callback.
        debug: bool = typer.Option(
            False, "--debug", help="Show a traceback with an error; can stand anywhere."
        ),
        version: bool = typer.Option(
            False,
            "--version",
            help="Show the version and exit.",
            is_eager=True,
            callback=_show_version,
        ),
    ) -> None:
        pass

    shared_options.__doc__ = help_text
    return app


def finite(value: float) -> float:
    """The value of an option, which no range keeps from being NaN.

    Raises:
        BadParameter: If it is NaN or infinite.
    """
    if not math.isfinite(value):
        raise typer.BadParameter(f"expected a finite number. Received: {value}.")
    return value


def _show_version(wanted: bool) -> None:
    if wanted:
        write_line(f"melanoma-edge {__version__}")
        raise typer.Exit


def run_app(app: typer.Typer) -> None:
    """Run a command on ``sys.argv`` and leave the process with its exit code.

    Errors of ours become one message on stderr; ``--debug`` adds the traceback.
    """
    arguments = sys.argv[1:]
    debug = "--debug" in arguments
    _log_to_stderr()
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal of another alphabet shows what it lacks as escapes instead of failing.
        sys.stdout.reconfigure(errors="backslashreplace")
    for command in app.registered_commands:
        command.epilog = EXIT_CODES
    try:
        app([argument for argument in arguments if argument != "--debug"])
    except MelanomaError as error:
        _report(error, debug=debug)
        sys.exit(error.exit_code)
    except OSError as error:
        # A full disk, a folder that may not be written: not ours, and no fault of the program.
        _report(_named(error), debug=debug)
        sys.exit(DeviceError.exit_code)
    except Exception as error:  # noqa: BLE001 - the last place where it can be named
        _report(error, debug=debug)
        sys.exit(1)


def write_line(text: str = "") -> None:
    """One line on stdout, at once; the process ends if its reader has left.

    Raises:
        typer.Exit: If nobody reads any more.
    """
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError as error:
        # Flushing at exit must not fail a second time.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(_READER_LEFT) from error


def display_name(path: Path) -> str:
    r"""The path as text that any terminal can show; bytes that are not UTF-8 become ``\xNN``."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """An aligned table on stdout; the last column is as wide as it needs to be."""
    table = [tuple(map(_printable, row)) for row in (columns, *rows)]
    widths = [max(len(row[i]) for row in table) for i in range(len(columns))]
    table.insert(1, tuple("─" * min(width, 60) for width in widths))
    for row in table:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        write_line("  ".join(cells).rstrip())


def progress(
    items: Iterable[T], total: int, doing: str, *, done: int = 0, step: int = 1
) -> Iterator[T]:
    """Pass items on, with a bar on a terminal or a log line now and then elsewhere.

    Args:
        items: What is worked on; each counts ``step``, the last one what is left.
        total: How many there are in all.
        doing: What is done to them, as in ``"features"``.
        done: How many of ``total`` were done by an earlier run.
        step: How many an item stands for.
    """
    show = _bar if sys.stderr.isatty() else _log_lines
    with show(total, doing, done) as advance_to:
        for item in items:
            yield item
            done = min(total, done + step)
            advance_to(done)


@contextlib.contextmanager
def _bar(total: int, doing: str, done: int) -> Iterator[Callable[[int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # Rich would write what goes to stdout into its own console, and so past a file or pipe.
    together = sys.stdout.isatty()
    with Progress(*columns, console=Console(stderr=True), redirect_stdout=together) as bar:
        task = bar.add_task(doing, total=total, completed=done)
        yield lambda count: bar.update(task, completed=count)


@contextlib.contextmanager
def _log_lines(total: int, doing: str, done: int) -> Iterator[Callable[[int], None]]:
    start = reported = time.monotonic()
    count = done

    def advance_to(now_done: int) -> None:
        nonlocal reported, count
        count = now_done
        now = time.monotonic()
        if now - reported >= _LOG_EVERY_S and count < total:
            left_s = (now - start) / (count - done) * (total - count)
            log.info("%s: %d of %d, %.0f s left", doing, count, total, left_s)
            reported = now

    yield advance_to
    elapsed_s = time.monotonic() - start
    if elapsed_s >= 1:
        log.info("%s: %d done in %.0f s", doing, count, elapsed_s)


def require_choice(option: str, value: str | None, choices: Sequence[str | None]) -> None:
    """Refuse a value that an option does not know; None among the choices means none given.

    Raises:
        typer.BadParameter: Which ends the command with 2.
    """
    if value not in choices:
        known = ", ".join(choice for choice in choices if choice)
        raise typer.BadParameter(f"{value!r} is not one of: {known}", param_hint=option)


def require_absent(output: Path) -> None:
    """Refuse to overwrite a result.

    Raises:
        OutputExistsError: If the path exists.
    """
    if output.exists() or output.is_symlink():
        raise OutputExistsError(
            f"expected an output that does not exist yet. Received: {display_name(output)}. "
            "Name another one, or remove it first."
        )


def _printable(text: str) -> str:
    """The text without line breaks and terminal commands, which a file name may hold."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _log_to_stderr() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    log.handlers[:] = [handler]
    log.setLevel(logging.INFO)
    log.propagate = False


def _named(error: OSError) -> DeviceError:
    what = error.strerror or str(error)
    if error.filename is not None:
        what += f": {display_name(Path(os.fsdecode(error.filename)))}"
    named = DeviceError(
        f"expected a disk that can be read and written. Received: {what}. "
        "Free space, or check the path and its permissions."
    )
    named.__cause__ = error
    return named


def _report(error: Exception, *, debug: bool) -> None:
    if debug:
        traceback.print_exception(error)
        return
    kind = "" if isinstance(error, MelanomaError) else f"unexpected {type(error).__name__}: "
    log.error("error: %s%s", kind, error)
    if kind:
        log.error("Run it again with --debug for the traceback.")
