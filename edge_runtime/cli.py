"""``melanoma-edge``: assess pictures on the device."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from edge_runtime import console
from edge_runtime.annotate import AnnotatedPictures
from edge_runtime.contract.card import NOTICE
from edge_runtime.csv_sink import CsvRows
from edge_runtime.default_model import MODEL_VARIABLE, default_model
from edge_runtime.delegates import DELEGATES, EDGETPU_DEVICES, split_delegate
from edge_runtime.doctor import examine, print_examination
from edge_runtime.errors import DelegateUnavailableError, DeviceError, InputError
from edge_runtime.interpreter import RUNTIMES
from edge_runtime.journal import Journal
from edge_runtime.journal_command import app as journal_app
from edge_runtime.journal_sink import JournalSink
from edge_runtime.parallel import ParallelClassifier
from edge_runtime.self_test import SelfTestMode
from edge_runtime.sinks import DEMONSTRATION, JsonLines, Sink, Table
from edge_runtime.sources import find_pictures
from edge_runtime.thread_choice import AUTO, ThreadCount, available_cores

app = console.make_app(f"Assess dermatoscopic pictures with a card-carrying TFLite model. {NOTICE}")
app.add_typer(journal_app, name="journal", epilog=console.EXIT_CODES)
EXIT_SOME_FAILED = InputError.exit_code
MAX_THREADS = 64
_WORTH_A_WORKER = 8  # pictures; for fewer, loading the model once more takes longer


# Not checked by Typer: a file that may not be read gets its own row, as any other bad file.
Paths = Annotated[
    list[Path], typer.Argument(readable=False, help="Pictures and folders of pictures.")
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


@app.command()
def image(
    paths: Paths,
    model: Model = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a picture on stdout.")
    ] = False,
    recursive: Annotated[bool, typer.Option(help="Look into folders within folders.")] = False,
    runtime: Annotated[str, typer.Option(help=f"auto, {' or '.join(RUNTIMES)}.")] = "auto",
    delegate: Delegate = None,
    threads: Threads = AUTO,
    fallback: Fallback = None,
    self_test: SelfTest = "remembered",
    as_csv: Annotated[bool, typer.Option("--csv", help="One CSV line a picture.")] = False,
    annotate: Annotate = None,
    journal: JournalFile = None,
    keep_names: KeepNames = False,
    keep_images: KeepImages = None,
) -> None:
    """Score pictures: REFER, NO_REFERRAL or RETAKE, with reasons and latency.

    The model file's hashes are verified and its golden cases have passed here before the first
    picture. A picture that cannot be used gets an error row, the others are scored, and the exit
    code is 4.
    """
    console.require_choice("--runtime", runtime, ("auto", *RUNTIMES))
    _require_delegate(delegate)
    count = _thread_count(threads)
    pictures = find_pictures(paths, recursive=recursive)
    workers = max(1, min(available_cores(), len(pictures) // _WORTH_A_WORKER))
    with ParallelClassifier.open(
        model or default_model(),
        workers=workers,
        runtime=runtime,
        delegate=delegate,
        threads=count if workers == 1 or count != AUTO else 1,
        self_test=self_test,
        fallback=fallback,
    ) as classifier:
        shown = _shown(classifier, as_json=as_json, as_csv=as_csv)
        sink = _stored(shown, classifier, annotate, journal, (keep_names, keep_images))
        failures = _assess_all(classifier, pictures, sink)
        if as_json or as_csv:
            demonstration = classifier.card.training.demonstration
            console.log.info("%s%s", f"{DEMONSTRATION} " if demonstration else "", NOTICE)
    if failures:
        console.log.error(
            "%d of %d pictures could not be used; see their errors.", failures, len(pictures)
        )
        raise typer.Exit(EXIT_SOME_FAILED)


def _shown(classifier: ParallelClassifier, *, as_json: bool, as_csv: bool) -> Sink:
    if as_json and as_csv:
        raise typer.BadParameter("choose one of --json and --csv", param_hint="--csv")
    if as_csv:
        return CsvRows()
    return (JsonLines if as_json else Table)(classifier.card, classifier.info)


def _stored(
    shown: Sink,
    classifier: ParallelClassifier,
    annotated: Path | None,
    journal: Path | None,
    keep: tuple[bool, Path | None],
) -> Sink:
    """The sink that stores a result first and shows it then."""
    sink = shown if annotated is None else AnnotatedPictures(annotated, shown)
    if journal is None:
        if any(keep):
            raise typer.BadParameter("needs --journal", param_hint="--keep-names, --keep-images")
        return sink
    names, images = keep
    return JournalSink(
        Journal(journal), classifier.card, sink, keep_names=names, keep_images=images
    )


def _assess_all(classifier: ParallelClassifier, pictures: Sequence[Path], sink: Sink) -> int:
    """Number of pictures that could not be used."""
    failures = 0
    outcomes = classifier.assess_many(pictures)
    for picture, outcome in console.progress(outcomes, len(pictures), "pictures"):
        if isinstance(outcome, InputError):
            failures += 1
            sink.failed(picture, outcome)
        else:
            sink.assessed(picture, outcome)
    sink.close()
    return failures


def _require_delegate(delegate: str | None) -> None:
    try:
        split_delegate(delegate or DELEGATES[0])
    except DelegateUnavailableError as error:
        raise typer.BadParameter(str(error), param_hint="--delegate") from error


def _thread_count(threads: str) -> ThreadCount:
    if threads == AUTO:
        return AUTO
    if threads.isascii() and threads.isdecimal() and 1 <= int(threads) <= MAX_THREADS:
        return int(threads)
    raise typer.BadParameter(
        f"{threads!r} is not {AUTO} or 1 to {MAX_THREADS}", param_hint="--threads"
    )


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Show what this device can run, and the command that installs what is missing.

    Ends with 5 if no TFLite runtime works.
    """
    examination = examine()
    if as_json:
        console.write_line(json.dumps(examination))
    else:
        print_examination(examination)
    if not any(check["ok"] for check in examination["checks"] if check["part"] == "runtime"):
        raise typer.Exit(DeviceError.exit_code)


def main() -> None:
    """Entry point of ``melanoma-edge``."""
    console.run_app(app)
