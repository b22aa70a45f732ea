"""``melanoma-convert preflight``: a report on whether a target will take a file."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from converter.errors import TargetRefusesError
from converter.latency_estimate import ChipMemory
from converter.preflight import Report, preflight, read_model
from converter.targets import TARGETS
from edge_runtime import console


def preflight_command(
    file: Annotated[Path, typer.Argument(help="A .tflite file, with or without a card.")],
    target: Annotated[str, typer.Option(help=f"One of {', '.join(TARGETS)}.")],
    as_json: Annotated[bool, typer.Option("--json", help="The report as JSON on stdout.")] = False,
) -> None:
    """Say whether TARGET will take FILE, what it will run where, and about how fast.

    Nothing is run. Figures are predicted from published measurements unless the file is compiled
    for the Edge TPU.
    """
    console.require_choice("--target", target, list(TARGETS))
    report = preflight(read_model(file), TARGETS[target])
    if as_json:
        console.write_line(json.dumps(describe_report(report, file)))
    else:
        _print(report, file)
    if report.reasons:
        raise TargetRefusesError(
            f"expected a file that {target} takes. Received: {console.display_name(file)}: "
            f"{report.reasons[0]}. Export another variant, or choose another target."
        )


def describe_report(report: Report, file: Path) -> dict[str, Any]:
    """The report as plain JSON types."""
    mapping, memory, latency = report.mapping, report.memory, report.latency
    return {
        "file": console.display_name(file),
        "target": report.target.name,
        "status": report.status,
        "refused": bool(report.reasons),
        "reasons": list(report.reasons),
        "warnings": list(report.warnings),
        "operators": report.operators,
        "macs": report.macs,
        "mapping": mapping
        and {
            "mapped": len(mapping.mapped),
            "left": len(mapping.left),
            "first_left": mapping.first_left
            and {
                "index": mapping.first_left.index,
                "operator": mapping.first_left.name,
                "reason": mapping.reason,
            },
        },
        "memory": memory
        and {
            "parameter_bytes": memory.parameter_bytes,
            "on_chip_bytes": memory.on_chip_bytes,
            "streamed_bytes": list(memory.streamed_bytes),
            "fits_on_chip": memory.fits,
        },
        "latency_ms": latency and [round(latency.low_ms, 1), round(latency.high_ms, 1)],
        "assumptions": list(report.assumptions),
        "basis": list(report.basis),
    }


def _print(report: Report, file: Path) -> None:
    rows = [
        ("file", console.display_name(file)),
        ("target", report.target.words),
        ("status", report.status),
        *(("refused", reason) for reason in report.reasons),
        *(("warning", warning) for warning in report.warnings),
        ("operators", str(report.operators)),
        *([("arithmetic", f"{report.macs / 1e9:.2f} GMAC")] if report.macs else []),
        *_mapping_rows(report),
        *_memory_rows(report.memory),
    ]
    if report.latency is not None:
        rows.append(("latency", f"{report.latency} ({report.status}), without the picture's part"))
    rows += [("assumed", assumption) for assumption in report.assumptions]
    rows += [("measured", source) for source in report.basis]
    console.print_table(("preflight", ""), rows)


def _mapping_rows(report: Report) -> list[tuple[str, str]]:
    if report.mapping is None:
        return []
    mapped, total = len(report.mapping.mapped), report.operators
    rows = [("on the Edge TPU", f"{mapped} of {total} operators")]
    first = report.mapping.first_left
    if first is not None:
        rows.append(("first left", f"#{first.index} {first.name}: {report.mapping.reason}"))
    return rows


def _memory_rows(memory: ChipMemory | None) -> list[tuple[str, str]]:
    if memory is None:
        return []
    return [
        ("parameters", f"{memory.parameter_bytes / 1e6:.2f} MB"),
        ("fit on the chip", memory.fits),
        ("stay on the chip", f"{memory.on_chip_bytes / 1e6:.2f} MB"),
        ("streamed each time", streamed_words(memory)),
    ]


def streamed_words(memory: ChipMemory) -> str:
    """Bytes streamed on each inference, as a person reads them."""
    least, most = (f"{size / 1e6:.2f}" for size in memory.streamed_bytes)
    return f"{least} MB" if least == most else f"{least}–{most} MB"
