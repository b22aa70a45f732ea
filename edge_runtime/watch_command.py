"""``melanoma-edge watch``: assess what a dermatoscope writes into a folder, until told to stop."""

import threading
from pathlib import Path
from typing import Annotated

import typer

from edge_runtime import console
from edge_runtime.classifier import LesionClassifier
from edge_runtime.contract.card import NOTICE
from edge_runtime.default_model import default_model
from edge_runtime.errors import InputError, JournalError
from edge_runtime.interpreter import RUNTIMES
from edge_runtime.options import (
    Annotate,
    Delegate,
    Fallback,
    JournalFile,
    KeepImages,
    KeepNames,
    Model,
    Runtime,
    SelfTest,
    Threads,
    require_delegate,
    require_journal_for,
    stored_sink,
    thread_count,
)
from edge_runtime.sinks import JsonLines, Sink
from edge_runtime.stop_signals import stop_on_signals
from edge_runtime.thread_choice import AUTO
from edge_runtime.watch import watch_folder

_RETRY_S = 5.0


def watch(
    folder: Annotated[Path, typer.Argument(help="Folder that pictures are written to.")],
    model: Model = None,
    existing: Annotated[bool, typer.Option(help="Assess what lies there already, too.")] = False,
    runtime: Runtime = "auto",
    delegate: Delegate = None,
    threads: Threads = AUTO,
    fallback: Fallback = None,
    self_test: SelfTest = "remembered",
    annotate: Annotate = None,
    journal: JournalFile = None,
    keep_names: KeepNames = False,
    keep_images: KeepImages = None,
) -> None:
    """Assess each new picture in FOLDER once it is whole; one JSON object a picture on stdout.

    Ends cleanly on Ctrl-C and SIGTERM. A picture that cannot be used gets an error row and the
    watch goes on; while the journal cannot be written, the picture waits.
    """
    console.require_choice("--runtime", runtime, ("auto", *RUNTIMES))
    require_delegate(delegate)
    require_journal_for(journal, (keep_names, keep_images))
    if not folder.is_dir():
        raise InputError(
            f"expected a folder. Received: {console.display_name(folder)}. Check the path."
        )
    stop = stop_on_signals()
    with LesionClassifier.open(
        model or default_model(),
        runtime=runtime,
        delegate=delegate,
        threads=thread_count(threads),
        self_test=self_test,
        fallback=fallback,
    ) as classifier:
        card, keep = classifier.card, (keep_names, keep_images)
        sink = stored_sink(JsonLines(card, classifier.info), card, annotate, journal, keep)
        console.log.info("watching %s. %s", console.display_name(folder), NOTICE)
        for picture in watch_folder(folder, stop, existing=existing):
            _assess(classifier, picture, sink, stop)
        sink.close()


def _assess(classifier: LesionClassifier, picture: Path, sink: Sink, stop: threading.Event) -> None:
    """Assess a picture and hand the result on, again and again until it could be stored."""
    try:
        assessment = classifier.assess(picture)
    except InputError as error:
        failure: InputError | None = error
    else:
        failure = None
    while not stop.is_set():
        try:
            if failure is None:
                sink.assessed(picture, assessment)
            else:
                sink.failed(picture, failure)
        except JournalError as error:
            console.log.error("error: %s The picture waits.", error)
            stop.wait(_RETRY_S)
        else:
            return
