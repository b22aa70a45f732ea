"""``melanoma-edge self-test``: does this device compute what the converter computed?"""

import json
from pathlib import Path
from typing import Annotated

import typer

from edge_runtime import console
from edge_runtime.classifier import LesionClassifier
from edge_runtime.contract.card import NOTICE
from edge_runtime.default_model import default_model
from edge_runtime.interpreter import RUNTIMES


def self_test(
    model: Annotated[
        Path | None,
        typer.Option(readable=False, help="A .tflite file; default: as for image."),
    ] = None,
    runtime: Annotated[str, typer.Option(help=f"auto, {' or '.join(RUNTIMES)}.")] = "auto",
    delegate: Annotated[str | None, typer.Option(help="As for image.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Verify a model file and run its golden cases on this device, remembered or not.

    Ends with 3 if a byte has changed or a case comes out differently, and with 5 if no runtime or
    accelerator works.
    """
    console.require_choice("--runtime", runtime, ("auto", *RUNTIMES))
    with LesionClassifier.open(
        model or default_model(), runtime=runtime, delegate=delegate, self_test="always"
    ) as classifier:
        card, info, times = classifier.card, classifier.info, classifier.opening
    golden = card.golden
    result = {
        "model": card.name,
        "model_sha256": card.model_sha256,
        "runtime": info.runtime,
        "delegate": info.delegate,
        "kernel_family": info.kernel_family,
        "golden_cases": len(golden.cases),
        "tolerance": golden.tolerance[info.kernel_family],
        "self_test_ms": round(times.self_test_ms, 1),
        "passed": True,
    }
    if as_json:
        console.write_line(json.dumps(result))
        return
    console.write_line(
        f"{card.name}: every byte as it was sealed; {len(golden.cases)} golden cases within "
        f"{golden.tolerance[info.kernel_family]:g} logit on {info.runtime}, {info.delegate}"
    )
    console.write_line(NOTICE)
