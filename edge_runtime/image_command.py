"""``melanoma-edge image``: assess files and folders."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from edge_runtime import console
from edge_runtime.contract.card import NOTICE
from edge_runtime.default_model import default_model
from edge_runtime.errors import InputError
from edge_runtime.interpreter import RUNTIMES
from edge_runtime.options import (
    Annotate,
    AsCsv,
    AsJson,
    Delegate,
    Fallback,
    JournalFile,
    KeepImages,
    KeepNames,
    Model,
    Paths,
    Runtime,
    SelfTest,
    Threads,
    require_delegate,
    require_journal_for,
    require_one_format,
    shown_sink,
    stored_sink,
    thread_count,
)
from edge_runtime.parallel import ParallelClassifier
from edge_runtime.sinks import DEMONSTRATION, Sink
from edge_runtime.sources import find_pictures
from edge_runtime.thread_choice import AUTO, available_cores

EXIT_SOME_FAILED = InputError.exit_code
_WORTH_A_WORKER = 8  # pictures; for fewer, loading the model once more takes longer


def image(
    paths: Paths,
    model: Model = None,
    as_json: AsJson = False,
    recursive: Annotated[bool, typer.Option(help="Look into folders within folders.")] = False,
    runtime: Runtime = "auto",
    delegate: Delegate = None,
    threads: Threads = AUTO,
    fallback: Fallback = None,
    self_test: SelfTest = "remembered",
    as_csv: AsCsv = False,
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
    require_delegate(delegate)
    require_one_format(as_json=as_json, as_csv=as_csv)
    require_journal_for(journal, (keep_names, keep_images))
    count = thread_count(threads)
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
        card, keep = classifier.card, (keep_names, keep_images)
        shown = shown_sink(card, classifier.info, as_json=as_json, as_csv=as_csv)
        sink = stored_sink(shown, card, annotate, journal, keep)
        failures = _assess_all(classifier, pictures, sink)
        if as_json or as_csv:
            demonstration = card.training.demonstration
            console.log.info("%s%s", f"{DEMONSTRATION} " if demonstration else "", NOTICE)
    _require_none_failed(failures, len(pictures))


def _require_none_failed(failures: int, count: int) -> None:
    if failures:
        console.log.error("%d of %d pictures could not be used; see their errors.", failures, count)
        raise typer.Exit(EXIT_SOME_FAILED)


def _assess_all(classifier: ParallelClassifier, pictures: Sequence[Path], sink: Sink) -> int:
    """Number of pictures that could not be used."""
    failures = 0
    outcomes = classifier.assess_many(pictures)
    try:
        for picture, outcome in console.progress(outcomes, len(pictures), "pictures"):
            if isinstance(outcome, InputError):
                failures += 1
                sink.failed(picture, outcome)
            else:
                sink.assessed(picture, outcome)
    finally:
        sink.close()  # a table shows what was stored before an end that nobody expected
    return failures
