"""Whether a device or runtime will take a file, and how fast it will be: before it is tried."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from converter.edgetpu_operators import NEWEST_VERSION, Mapping, predict_mapping
from converter.edgetpu_package import read_package
from converter.flatbuffer import read_flatbuffer
from converter.graph import OperatorRecord, TfliteModel
from converter.latency_estimate import (
    ChipMemory,
    Latency,
    estimate_cpu,
    estimate_edgetpu,
    estimate_memory,
)
from converter.operator_versions import needed_version
from converter.registered_versions import newest_version
from converter.targets import ON_CHIP_BASIS, Target
from edge_runtime.delegates import EDGETPU_OPERATOR
from edge_runtime.errors import InputError

COMPILED, PREDICTED, UNAVAILABLE = "compiled", "predicted", "unavailable"
# Custom operators that every TFLite runtime brings along.
_COMMON_CUSTOM = ("TFLite_Detection_PostProcess", "NumericVerify", "Mfcc", "AudioSpectrogram")
_INT8 = ("int8", "uint8")
_INT16 = ("int16",)
_OLD_RUNTIME = "tflite-runtime-2.14"
_NOTABLE_SHARE = 0.01
_CPU_ASSUMPTION = (
    "operators beside convolutions and dense layers cost nothing; 4 threads; nothing else runs"
)
_NO_BOARD = "latency is not estimated: the target names no board"
_SLOW = "latency is not estimated: int16 values run in reference kernels, for seconds"
_CHIP_ASSUMPTION = (
    "parameters take on the chip what they take in the file (published logs: up to a quarter "
    "more); the executable takes the rest of the 8 MiB"
)


@dataclass(frozen=True, kw_only=True)
class Report:
    """What was found.

    Attributes:
        target: Whom it concerns.
        status: ``compiled``: the file holds the Edge TPU's operator, figures are read from it;
            ``predicted``: figures are computed from published measurements; ``unavailable``: the
            target refuses the file, there are none.
        reasons: Why the target refuses the file, the first in the graph's order first; empty if
            it takes it.
        warnings: What it takes, but a person should know.
        operators: How many operators the file has.
        macs: Multiplications with addition of one inference, where they can be counted.
        mapping: Which operators an Edge TPU will take; None for other targets or compiled files.
        memory: Of an Edge TPU.
        latency: None where nothing is published to estimate it from.
        assumptions: What the figures rest on.
        basis: Measurements that the figures were fitted to.
    """

    target: Target
    status: str
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    operators: int
    macs: int
    mapping: Mapping | None = None
    memory: ChipMemory | None = None
    latency: Latency | None = None
    assumptions: tuple[str, ...] = ()
    basis: tuple[str, ...] = ()


def read_model(path: Path) -> TfliteModel:
    """What a ``.tflite`` file holds.

    Raises:
        InputError: If it cannot be opened.
        ConversionError: If it is no sound TFLite file.
    """
    try:
        return read_flatbuffer(path.read_bytes())
    except OSError as error:
        raise InputError(
            f"expected a readable .tflite file. Received: {str(path)!r}: {error.strerror}."
        ) from error


def preflight(model: TfliteModel, target: Target) -> Report:
    """Check a model for a target."""
    if EDGETPU_OPERATOR in _names(model):
        return _report_compiled(model, target)
    return _report_edgetpu(model, target) if target.edgetpu else _report_cpu(model, target)


def _report_compiled(model: TfliteModel, target: Target) -> Report:
    reasons = [] if target.edgetpu else [f"it holds {EDGETPU_OPERATOR}, which runs on a Coral only"]
    packages = [read_package(o) for o in model.operators if o.name == EDGETPU_OPERATOR]
    cached = sum(package.cached_bytes for package in packages)
    streamed = sum(package.streamed_bytes for package in packages)
    outside = Counter(o.name for o in model.operators if o.name != EDGETPU_OPERATOR)
    warnings = [f"{count} {name} run on the processor" for name, count in outside.items()]
    return Report(
        target=target,
        status=COMPILED,
        reasons=tuple(reasons),
        warnings=tuple(warnings),
        operators=len(model.operators),
        macs=model.macs,
        memory=ChipMemory(
            parameter_bytes=cached + streamed,
            on_chip_bytes=cached,
            streamed_bytes=(streamed, streamed),
        ),
        assumptions=("latency is not estimated: the compiled operator hides its arithmetic",),
    )


def _report_edgetpu(model: TfliteModel, target: Target) -> Report:
    mapping = predict_mapping(model.operators)
    macs = sum(operator.macs for operator in mapping.mapped)
    reasons = [*_open_sizes(model), *_batch(model), *_compiler_versions(model)]
    if macs == 0:
        where = f"{_place(mapping.first_left)} {mapping.reason}" if mapping.first_left else "none"
        reasons.append(f"none of its arithmetic will map to the Edge TPU: {where}")
    if reasons:
        return _refused(model, target, reasons, mapping)
    memory = estimate_memory(mapping.parameter_bytes)
    warnings = []
    if mapping.first_left is not None:
        warnings.append(
            f"{len(mapping.left)} of {len(model.operators)} operators stay on the processor, from "
            f"{_place(mapping.first_left)} on: it {mapping.reason}"
        )
    if model.macs - macs > _NOTABLE_SHARE * model.macs:
        share = (model.macs - macs) / model.macs
        warnings.append(f"{share:.0%} of the arithmetic stays there; the latency leaves it out")
    return Report(
        target=target,
        status=PREDICTED,
        reasons=(),
        warnings=tuple(warnings),
        operators=len(model.operators),
        macs=model.macs,
        mapping=mapping,
        memory=memory,
        latency=estimate_edgetpu(target, macs, memory),
        assumptions=(_CHIP_ASSUMPTION, "the compiler has limits that are not published"),
        basis=(*target.basis, *ON_CHIP_BASIS),
    )


def _report_cpu(model: TfliteModel, target: Target) -> Report:
    runtime = target.runtime or ""
    reasons = [*_open_sizes(model), *_custom(model), *_too_new(model, runtime)]
    if reasons:
        return _refused(model, target, reasons)
    slow = any(o.macs and _works_on(o, _INT16) for o in model.operators)
    rate = None if slow else target.cpu
    int8 = sum(o.macs for o in model.operators if _works_on(o, _INT8))
    return Report(
        target=target,
        status=PREDICTED,
        reasons=(),
        warnings=(*_written_too_low(model), *_refused_by_old(model, target)),
        operators=len(model.operators),
        macs=model.macs,
        latency=estimate_cpu(rate, int8, model.macs - int8) if rate else None,
        assumptions=(_CPU_ASSUMPTION if rate else _SLOW if slow else _NO_BOARD,),
        basis=rate.basis if rate else (),
    )


def _refused(
    model: TfliteModel, target: Target, reasons: list[str], mapping: Mapping | None = None
) -> Report:
    return Report(
        target=target,
        status=UNAVAILABLE,
        reasons=tuple(reasons),
        warnings=(),
        operators=len(model.operators),
        macs=model.macs,
        mapping=mapping,
    )


def _names(model: TfliteModel) -> set[str]:
    return {operator.name for operator in model.operators if operator.custom}


def _place(operator: OperatorRecord | None) -> str:
    return f"#{operator.index} {operator.name}" if operator else "nothing"


def _works_on(operator: OperatorRecord, dtypes: tuple[str, ...]) -> bool:
    """Whether its values, and its weights unless they are int8, are of these types."""
    types = [tensor.dtype if tensor else "" for tensor in operator.inputs[:2]]
    return bool(types) and types[0] in dtypes and types[-1] in (*dtypes, "int8")


def _open_sizes(model: TfliteModel) -> Iterable[str]:
    for tensor in (*model.inputs, *model.outputs):
        if not tensor.static:
            yield (
                f"a size of {tensor.name!r} is open: {tensor.shape_signature}. "
                "Fix the batch before converting"
            )


def _batch(model: TfliteModel) -> Iterable[str]:
    for tensor in model.inputs:
        if tensor.static and tensor.shape and tensor.shape[0] != 1:
            yield f"the batch of {tensor.name!r} is {tensor.shape[0]}, and must be 1"


def _compiler_versions(model: TfliteModel) -> Iterable[str]:
    for name, version in dict.fromkeys(model.operator_codes):
        newest = NEWEST_VERSION.get(name, version)
        if version > newest:
            yield f"{name} version {version}: edgetpu_compiler 16.0 reads up to {newest}"


def _custom(model: TfliteModel) -> Iterable[str]:
    for name in sorted(_names(model) - set(_COMMON_CUSTOM)):
        yield f"the custom operator {name!r} is not in this runtime"


def _too_new(model: TfliteModel, runtime: str) -> Iterable[str]:
    custom = _names(model)
    for name, version in dict.fromkeys(model.operator_codes):
        newest = newest_version(runtime, name)
        if name not in custom and version > newest:
            yield f"{name} version {version}: {runtime} has {newest or 'none'} as its newest"
    hidden = (o for o in model.operators if not o.custom and o.version < needed_version(o))
    for (name, needed), example in {(o.name, needed_version(o)): o for o in hidden}.items():
        newest = newest_version(runtime, name)
        if needed > newest:
            yield (
                f"{name} is written as version {example.version}, its tensors need {needed}, and "
                f"{runtime} has {newest} as its newest: it may load and misread the file"
            )


def _refused_by_old(model: TfliteModel, target: Target) -> Iterable[str]:
    """What a board with a 32-bit system will meet."""
    if target.cpu is not None:
        for reason in _too_new(model, _OLD_RUNTIME):
            yield f"a 32-bit system has {_OLD_RUNTIME} only, which refuses it: {reason}"


def _written_too_low(model: TfliteModel) -> Iterable[str]:
    hidden = Counter(
        (o.name, o.version, needed_version(o))
        for o in model.operators
        if not o.custom and o.version < needed_version(o)
    )
    for (name, version, needed), count in hidden.items():
        yield (
            f"{count} × {name} written as version {version}, their tensors need {needed}: "
            "an older runtime may load and misread the file"
        )
