"""``melanoma-edge``: assess pictures on the device."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from edge_runtime import console
from edge_runtime.classifier import LesionClassifier
from edge_runtime.contract.card import NOTICE
from edge_runtime.default_model import MODEL_VARIABLE, default_model
from edge_runtime.delegates import DELEGATES
from edge_runtime.doctor import examine, print_examination
from edge_runtime.errors import DeviceError, InputError
from edge_runtime.interpreter import RUNTIMES
from edge_runtime.sinks import DEMONSTRATION, JsonLines, Sink, Table
from edge_runtime.sources import find_pictures

app = console.make_app(f"Assess dermatoscopic pictures with a card-carrying TFLite model. {NOTICE}")
EXIT_SOME_FAILED = InputError.exit_code


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


@app.command()
def image(
    paths: Paths,
    model: Model = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a picture on stdout.")
    ] = False,
    recursive: Annotated[bool, typer.Option(help="Look into folders within folders.")] = False,
    runtime: Annotated[str, typer.Option(help=f"auto, {' or '.join(RUNTIMES)}.")] = "auto",
    delegate: Annotated[
        str | None, typer.Option(help=f"{' or '.join(DELEGATES)}; default: what the card requires.")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, max=64, help="Threads of one inference.")] = min(
        4, os.cpu_count() or 1
    ),
) -> None:
    """Score pictures: REFER, NO_REFERRAL or RETAKE, with reasons and latency.

    The model file's hashes are verified and its golden cases run before the first picture. A
    picture that cannot be used gets an error row, the others are scored, and the exit code is 4.
    """
    console.require_choice("--runtime", runtime, ("auto", *RUNTIMES))
    console.require_choice("--delegate", delegate, (None, *DELEGATES))
    with LesionClassifier.open(
        model or default_model(), runtime=runtime, delegate=delegate, threads=threads
    ) as classifier:
        pictures = find_pictures(paths, recursive=recursive)
        sink: Sink = (JsonLines if as_json else Table)(classifier.card, classifier.info)
        failures = _assess_all(classifier, pictures, sink)
        if as_json:
            demonstration = classifier.card.training.demonstration
            console.log.info("%s%s", f"{DEMONSTRATION} " if demonstration else "", NOTICE)
    if failures:
        console.log.error(
            "%d of %d pictures could not be used; see their errors.", failures, len(pictures)
        )
        raise typer.Exit(EXIT_SOME_FAILED)


def _assess_all(classifier: LesionClassifier, pictures: Sequence[Path], sink: Sink) -> int:
    """Number of pictures that could not be used."""
    failures = 0
    for picture in console.progress(pictures, len(pictures), "pictures"):
        try:
            sink.assessed(picture, classifier.assess(picture))
        except InputError as error:
            failures += 1
            sink.failed(picture, error)
    sink.close()
    return failures


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
