"""The Edge TPU variant: the int8 file compiled, with a card of its own.

No Edge TPU is at hand when a model is exported. What the card expects of one is what the built-in
int8 kernels compute, within the tolerance by which correct kernels differ.
"""

import dataclasses
import json
from pathlib import Path

from converter.candidate import Candidate
from converter.edgetpu import COMPILER, compile_for_edgetpu, compiler_problem
from converter.errors import EdgeTpuCompileError
from converter.finalize import ExportedVariant
from converter.preflight import preflight, read_model
from converter.preflight_command import describe_report
from converter.targets import TARGETS
from edge_runtime.console import log
from edge_runtime.contract.card import ModelCard
from edge_runtime.contract.embed import open_sealed
from edge_runtime.contract.golden import GoldenSet

_TARGET = "coral-usb3"
PREFLIGHT_SUFFIX = ".preflight.json"


def publish_edgetpu(int8: ExportedVariant, candidate: Candidate) -> ExportedVariant:
    """Compile a published int8 file; its prediction for the Coral is written beside it first.

    Args:
        int8: The file to compile.
        candidate: Its run on the validation pictures.

    Raises:
        EdgeTpuCompileError: If there is no compiler, or it makes nothing worth publishing. The
            int8 file and the prediction stay.
    """
    path = int8.path.with_name(int8.path.name.replace("_int8.tflite", "_edgetpu.tflite"))
    _write_prediction(int8.path, path.with_suffix(PREFLIGHT_SUFFIX))
    problem = compiler_problem()
    if problem is not None:
        raise EdgeTpuCompileError(
            f"{problem}, and export again there. Ready to compile: {int8.path.name!r}, with what "
            "to expect of it in the preflight file beside it."
        )
    sealed = open_sealed(int8.path)
    card = _card_of(sealed.card)
    compiled = compile_for_edgetpu(
        candidate.flatbuffer, card, sealed.golden, log_path=path.with_suffix(".log")
    )
    log.info("edgetpu: %d of %d operators mapped", compiled.mapped, compiled.operators)
    beside = path.with_name(path.name + ".partial")
    beside.write_bytes(compiled.content)
    beside.replace(path)
    return ExportedVariant(
        path=path,
        card=open_sealed(path).card,
        size_bytes=path.stat().st_size,
        candidate=candidate,
    )


def _card_of(int8: ModelCard) -> ModelCard:
    expected = GoldenSet(
        cases=tuple(
            dataclasses.replace(case, logits={"edgetpu": case.logits["builtin"]})
            for case in int8.golden.cases
        ),
        tolerance={"edgetpu": int8.golden.tolerance["builtin"]},
    )
    conversion = dataclasses.replace(
        int8.conversion, engine=f"{int8.conversion.engine}, {COMPILER}"
    )
    return dataclasses.replace(
        int8,
        name=int8.name.replace("_int8", "_edgetpu"),
        variant="edgetpu",
        requires_delegate="edgetpu",
        golden=expected,
        conversion=conversion,
    )


def _write_prediction(int8: Path, path: Path) -> None:
    report = describe_report(preflight(read_model(int8), TARGETS[_TARGET]), Path(int8.name))
    path.write_text(json.dumps(report, indent=2, sort_keys=True) + "\n", encoding="utf-8")
