"""``melanoma-convert advise``: a table of what other cuts and picture sizes would cost."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from converter.advise import DEVICES, Advice, Choice, advise
from converter.preflight_command import streamed_words
from converter.run_folder import open_run
from edge_runtime import console


def advise_command(
    run: Annotated[Path, typer.Argument(help="Run folder of melanoma-train fit.")],
    data: Annotated[
        Path | None, typer.Option(help="Where the run's pictures lie now, if they were moved.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The table as JSON on stdout.")] = False,
) -> None:
    """Compare the cut and picture size of RUN with others: bytes, arithmetic, latency on devices.

    Latencies are predicted from published measurements of other networks, for int8; nothing is
    measured here, and no figure says how well a network would do.
    """
    advice = advise(open_run(run, data).draft)
    if as_json:
        console.write_line(json.dumps(describe_advice(advice)))
    else:
        _print(advice)


def describe_advice(advice: Advice) -> dict[str, Any]:
    """The table as plain JSON types."""
    return {
        "status": advice.status,
        "advice": advice.sentence,
        "choices": [_describe(choice) for choice in advice.choices],
    }


def _describe(choice: Choice) -> dict[str, Any]:
    return {
        "cut": choice.cut,
        "size_hw": list(choice.size_hw),
        "own": choice.own,
        "int8_bytes": choice.cost.int8_bytes,
        "macs": choice.cost.macs,
        "fits_on_chip": choice.memory.fits,
        "streamed_bytes": list(choice.memory.streamed_bytes),
        "latency_ms": {
            name: [round(latency.low_ms, 1), round(latency.high_ms, 1)]
            for name, latency in choice.latency.items()
        },
    }


def _print(advice: Advice) -> None:
    rows = [
        (
            "→" if choice.own else "",
            choice.name,
            f"{choice.cost.int8_bytes / 1e6:.1f} MB",
            f"{choice.cost.macs / 1e9:.2f}",
            _chip(choice),
            *(str(choice.latency[name]) for name in DEVICES),
        )
        for choice in advice.choices
    ]
    console.print_table(
        ("", "network", "int8", "GMAC", "streamed to a Coral", *DEVICES),
        rows,
    )
    console.write_line()
    console.write_line(
        f"latencies are {advice.status}, not measured; sources: melanoma-convert preflight. "
        "→ marks the run"
    )
    console.write_line(advice.sentence)


def _chip(choice: Choice) -> str:
    return "fits" if choice.memory.fits == "yes" else streamed_words(choice.memory)
