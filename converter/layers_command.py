"""``melanoma-convert layers``: where a file spends its arithmetic, and where it loses accuracy."""

import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from converter.flatbuffer import read_flatbuffer
from converter.graph import TfliteModel
from converter.layer_error import LayerError, measure_layer_errors
from edge_runtime import console
from edge_runtime.contract.embed import open_sealed
from edge_runtime.contract.preprocess import preprocess
from edge_runtime.errors import InputError
from edge_runtime.sources import find_pictures

_SHOWN = 25


def layers(
    file: Annotated[Path, typer.Argument(help="A .tflite file with a card.")],
    reference: Annotated[
        Path | None, typer.Option(help="The float32 file of the same model: adds errors.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder of pictures to measure errors on.")
    ] = None,
    pictures: Annotated[int, typer.Option(min=1, help="How many of them.")] = 8,
    as_json: Annotated[bool, typer.Option("--json", help="The table as JSON on stdout.")] = False,
) -> None:
    """Show the operators of FILE with their share of arithmetic and weights.

    With --reference and --data, also each layer's error: how far its output lies from the float
    file's on real pictures, as a signal-to-noise ratio.
    """
    if (reference is None) != (data is None):
        raise typer.BadParameter("--reference and --data go together", param_hint="--reference")
    card = open_sealed(file).card
    model = read_flatbuffer(file.read_bytes())
    errors: list[LayerError] = []
    if reference is not None and data is not None:
        pixels = _some_pixels(data, card.preprocessing, pictures)
        errors = measure_layer_errors(reference, file, pixels)
    if as_json:
        described = {"operators": _profile(model), "layers": [e.__dict__ for e in errors]}
        console.write_line(json.dumps(described))
        return
    _print_profile(model)
    if errors:
        _print_errors(errors)


def _some_pixels(data: Path, spec: Any, count: int) -> list[np.ndarray[Any, np.dtype[np.uint8]]]:
    paths = find_pictures([data], recursive=True)
    pixels = []
    for path in paths[:: max(1, len(paths) // count)]:
        try:
            pixels.append(preprocess(path, spec))
        except InputError as error:
            console.log.warning("%s: %s", console.display_name(path), error)
        if len(pixels) == count:
            break
    return pixels


def _profile(model: TfliteModel) -> list[dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    for operator in model.operators:
        row = rows.setdefault(
            operator.name, {"operator": operator.name, "count": 0, "macs": 0, "weight_bytes": 0}
        )
        row["count"] += 1
        row["macs"] += operator.macs
        row["weight_bytes"] += sum(
            tensor.constant_bytes for tensor in operator.inputs if tensor is not None
        )
    return sorted(rows.values(), key=lambda row: -row["macs"])


def _print_profile(model: TfliteModel) -> None:
    rows = _profile(model)
    total = sum(row["macs"] for row in rows) or 1
    console.print_table(
        ("operator", "count", "multiplications", "share", "weights"),
        [
            (
                row["operator"],
                str(row["count"]),
                f"{row['macs'] / 1e6:.1f} M",
                f"{row['macs'] / total:.1%}",
                f"{row['weight_bytes'] / 1e6:.2f} MB",
            )
            for row in rows
        ],
    )


def _print_errors(errors: list[LayerError]) -> None:
    console.write_line()
    worst = sorted(errors, key=lambda error: error.snr_db)[:_SHOWN]
    console.print_table(
        ("place", "layer", "operator", "signal to noise", "mean |error|"),
        [
            (str(e.place), e.name, e.operator, f"{e.snr_db:.1f} dB", f"{e.mean_error:.4g}")
            for e in worst
        ],
    )
    console.write_line()
    console.write_line(
        f"the {len(worst)} of {len(errors)} layers that lie furthest from the float file; errors "
        "add up along the network"
    )
