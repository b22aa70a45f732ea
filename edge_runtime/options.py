"""Options that the commands of ``melanoma-edge`` share, and what they stand for."""

from pathlib import Path
from typing import Annotated

import typer

from edge_runtime.annotate import AnnotatedPictures
from edge_runtime.contract.card import ModelCard
from edge_runtime.csv_sink import CsvRows
from edge_runtime.default_model import MODEL_VARIABLE
from edge_runtime.delegates import DELEGATES, EDGETPU_DEVICES, split_delegate
from edge_runtime.errors import DelegateUnavailableError
from edge_runtime.interpreter import RUNTIMES
from edge_runtime.runner import RunnerInfo
from edge_runtime.self_test import SelfTestMode
from edge_runtime.sinks import JsonLines, Sink, Table
from edge_runtime.thread_choice import AUTO, ThreadCount

MAX_THREADS = 64

# Not checked by Typer: a file that may not be read gets its own row, as any other bad file.
Paths = Annotated[
    list[Path],
    typer.Argument(
        readable=False, help="Pictures, folders, quoted patterns, or - for a list on stdin."
    ),
]
Model = Annotated[
    Path | None,
    typer.Option(
        readable=False,
        help="A .tflite file made by melanoma-convert; default: the one that the variable "
        f"{MODEL_VARIABLE} names, else the published research model of a checkout.",
    ),
]
Delegate = Annotated[
    str | None,
    typer.Option(
        help=f"{', '.join(DELEGATES)}, {EDGETPU_DEVICES}; default: what the card requires."
    ),
]
Threads = Annotated[
    str, typer.Option(help=f"Threads of one inference, or {AUTO}: measured once a host.")
]
Fallback = Annotated[
    Path | None,
    typer.Option(readable=False, help="Variant that takes over if an accelerator fails."),
]
JournalFile = Annotated[
    Path | None,
    typer.Option(readable=False, help="Journal that stores each result before it is shown."),
]
KeepNames = Annotated[bool, typer.Option(help="Store the names of files in the journal.")]
KeepImages = Annotated[
    Path | None, typer.Option(help="Folder that gets a copy of each picture of the journal.")
]
Annotate = Annotated[
    Path | None, typer.Option(help="Folder for copies of the pictures with the result below.")
]
SelfTest = Annotated[
    SelfTestMode, typer.Option(help="Golden cases at every start, or once a host and version.")
]
Runtime = Annotated[str, typer.Option(help=f"auto, {' or '.join(RUNTIMES)}.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a picture on stdout.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="One CSV line a picture.")]


def shown_sink(card: ModelCard, info: RunnerInfo, *, as_json: bool, as_csv: bool) -> Sink:
    """What shows results on stdout."""
    if as_csv:
        return CsvRows()
    return (JsonLines if as_json else Table)(card, info)


def require_one_format(*, as_json: bool, as_csv: bool) -> None:
    """Refuse two formats at once."""
    if as_json and as_csv:
        raise typer.BadParameter("choose one of --json and --csv", param_hint="--csv")


def stored_sink(
    shown: Sink,
    card: ModelCard,
    annotated: Path | None,
    journal: Path | None,
    keep: tuple[bool, Path | None],
) -> Sink:
    """What stores a result first and shows it then.

    Args:
        shown: What shows it.
        card: Of the opened file.
        annotated: Folder for annotated copies; None makes none.
        journal: The journal; None keeps none.
        keep: Whether file names go into the journal, and the folder that pictures are copied to.
    """
    sink = shown if annotated is None else AnnotatedPictures(annotated, shown)
    if journal is None:
        return sink
    # The database takes time to import, which no start without a journal should pay.
    from edge_runtime.journal import Journal
    from edge_runtime.journal_sink import JournalSink

    names, images = keep
    return JournalSink(Journal(journal), card, sink, keep_names=names, keep_images=images)


def require_journal_for(journal: Path | None, keep: tuple[bool, Path | None]) -> None:
    """Refuse to keep names or pictures without a journal that they belong to."""
    if journal is None and any(keep):
        raise typer.BadParameter("needs --journal", param_hint="--keep-names, --keep-images")


def require_delegate(delegate: str | None) -> None:
    """Refuse a name of no delegate."""
    try:
        split_delegate(delegate or DELEGATES[0])
    except DelegateUnavailableError as error:
        raise typer.BadParameter(str(error), param_hint="--delegate") from error


def thread_count(threads: str) -> ThreadCount:
    """How many threads the option asks for."""
    if threads == AUTO:
        return AUTO
    if threads.isascii() and threads.isdecimal() and 1 <= int(threads) <= MAX_THREADS:
        return int(threads)
    raise typer.BadParameter(
        f"{threads!r} is not {AUTO} or 1 to {MAX_THREADS}", param_hint="--threads"
    )
