"""``melanoma-convert export``: the variants of a run, each judged by the gate."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from converter.errors import ConversionError, EdgeTpuCompileError, GateError
from converter.gate import DEFAULT_GATE, JUDGED_ON, parse_gate
from converter.gate_report import GATE_SUFFIX
from converter.pipeline import ExportOptions, Outcome, describe, export_run
from converter.ranges import METHODS
from converter.rescue import DEFAULT_BUDGET
from converter.variants import DEFAULT_VARIANTS, RECIPES, parse_variants
from edge_runtime import console
from edge_runtime.contract.card import NOTICE

T = TypeVar("T")
GateOn = Annotated[
    str, typer.Option(help="estimate, or bound: the unfavourable end of the paired interval.")
]
RescueLayers = Annotated[
    int, typer.Option(min=0, help="Layers that a failing int8 or int16x8 may keep in float.")
]


def export(
    run: Annotated[Path, typer.Argument(help="Run folder of melanoma-train fit.")],
    out: Annotated[Path, typer.Option(help="Folder to make; must not exist.")],
    variants: Annotated[
        str, typer.Option(help=f"Comma-separated, out of {', '.join(RECIPES)}.")
    ] = ",".join(DEFAULT_VARIANTS),
    data: Annotated[
        Path | None, typer.Option(help="Where the run's pictures lie now, if they were moved.")
    ] = None,
    calibration: Annotated[
        int, typer.Option(min=1, help="Training pictures that set the integer ranges.")
    ] = 200,
    ranges: Annotated[
        str, typer.Option(help=f"How their extremes become ranges: {' or '.join(METHODS)}.")
    ] = "percentile",
    gate: Annotated[
        str, typer.Option(help="How far figures may fall from the float model's.")
    ] = DEFAULT_GATE,
    gate_on: GateOn = "estimate",
    rescue_layers: RescueLayers = DEFAULT_BUDGET,
    as_json: Annotated[bool, typer.Option("--json", help="Figures as JSON on stdout.")] = False,
) -> None:
    """Make the variants of RUN, compare each with the Keras model, and seal it with its card.

    Each variant gets its own temperature and operating point from the validation pictures, run
    through the device's own code. One that falls further than the gate allows is not published:
    its report stays, and the command ends with 6.
    """
    console.require_choice("--ranges", ranges, METHODS)
    console.require_choice("--gate-on", gate_on, JUDGED_ON)
    options = ExportOptions(
        recipes=tuple(_asked(parse_variants, variants, "--variants")),
        gate=_asked(lambda text: parse_gate(text, gate_on), gate, "--gate"),
        rescue_layers=rescue_layers,
        calibration_pictures=calibration,
        range_method=ranges,
    )
    outcomes = export_run(run, out, options, data=data)
    if as_json:
        console.write_line(json.dumps({i.recipe.variant: describe(i) for i in outcomes}))
    else:
        _print_outcomes(outcomes, out)
    _require_published(outcomes, out)


def _asked(parse: Callable[[str], T], text: str, option: str) -> T:
    try:
        return parse(text)
    except ConversionError as error:  # wrong use, not a conversion that failed
        raise typer.BadParameter(str(error), param_hint=option) from error


def _require_published(outcomes: Sequence[Outcome], out: Path) -> None:
    refused = [item for item in outcomes if not item.candidate.passed]
    if refused:
        findings = "; ".join(
            f"{item.recipe.variant}: "
            + ", ".join(str(f) for f in item.candidate.findings if not f.passed)
            for item in refused
        )
        raise GateError(
            f"expected every variant to pass its gate. Received: {findings}. Those were not "
            f"published; their reports (*{GATE_SUFFIX}) lie in {console.display_name(out)}. "
            "Use another variant, more --rescue-layers or a wider --gate."
        )
    for item in outcomes:
        if item.problem is not None:
            raise EdgeTpuCompileError(f"{item.recipe.variant}: {item.problem}")


def _print_outcomes(outcomes: Sequence[Outcome], out: Path) -> None:
    columns = (
        *("variant", "size", "Δlogit mean / max", "ROC-AUC", "change from float", "flips"),
        *("ECE", "threshold", "sensitivity", "specificity", "gate"),
    )
    console.print_table(columns, [_row(item) for item in outcomes])
    for item in outcomes:
        _print_rescue(item)
    compared = outcomes[0].candidate.comparison
    console.write_line()
    console.write_line(
        f"on {compared.pictures} validation pictures, {compared.malignant} malignant, with 95 % "
        "intervals; changes are paired; Δlogit and flips are from the run's own model"
    )
    for item in outcomes:
        _print_bound(item)
    console.write_line(f"written to {console.display_name(out)}")
    console.write_line(NOTICE)


def _row(item: Outcome) -> tuple[str, ...]:
    candidate = item.candidate
    compared, size = candidate.comparison, len(candidate.flatbuffer)
    kept = len(candidate.kept_float)
    verdict = "passed" if candidate.passed else "REFUSED"
    if item.problem is not None:
        verdict = "passed, not compiled"
    return (
        item.recipe.variant,
        f"{size / 1e6:.2f} MB",
        f"{candidate.parity.mean_difference:.5f} / {candidate.parity.max_difference:.5f}",
        str(compared.figures["roc_auc"]),
        format(compared.changes["roc_auc"], ".4f"),
        str(len(compared.flips)),
        f"{compared.ece:.4f}",
        f"{candidate.calibrated.point.threshold:.4f}",
        str(compared.figures["sensitivity"]),
        str(compared.figures["specificity"]),
        f"{verdict}, {kept} layers in float" if kept else verdict,
    )


def _print_bound(item: Outcome) -> None:
    """How many malignant pictures the stronger claim takes, where the bound does not hold."""
    for finding in item.candidate.findings:
        if finding.drop.high <= finding.limit.largest:
            continue
        needed = finding.malignant_needed
        others = "benign" if finding.limit.name == "specificity_drop" else "malignant"
        console.write_line(
            f"{item.recipe.variant}: {finding}; to show that the bound is within it, too, "
            + (f"takes about {needed} {others} pictures" if needed else "no number is enough")
        )


def _print_rescue(item: Outcome) -> None:
    if item.saved is None:
        return
    console.write_line()
    console.write_line(f"{item.recipe.variant}: what layers in float bought, and cost")
    rows = [
        (
            str(len(step.kept_float)),
            f"{len(step.flatbuffer) / 1e6:.2f} MB",
            f"{step.parity.mean_difference:.5f}",
            "; ".join(map(str, step.findings)),
            "passed" if step.passed else "refused",
        )
        for step in item.saved.steps
    ]
    console.print_table(("layers in float", "size", "mean Δlogit", "gate", ""), rows)
