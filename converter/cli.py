"""``melanoma-convert``: from a run folder to sealed TFLite variants."""

from pathlib import Path
from typing import Annotated

import typer

from converter.adopt_command import from_keras, from_tflite
from converter.advise_command import advise_command
from converter.export_command import export
from converter.layers_command import layers
from converter.parity_command import parity
from converter.preflight_command import preflight_command
from converter.runtimes_command import runtimes
from edge_runtime import console
from edge_runtime.contract.card import NOTICE, ModelCard, TrainingRecord, dump_card
from edge_runtime.contract.embed import open_sealed

app = console.make_app(f"Export a trained model as TFLite variants that carry their card. {NOTICE}")
app.command()(export)
app.command(name="from-keras")(from_keras)
app.command(name="from-tflite")(from_tflite)
app.command()(parity)
app.command()(layers)
app.command(name="preflight")(preflight_command)
app.command(name="advise")(advise_command)
app.command()(runtimes)


@app.command()
def card(
    model: Annotated[Path, typer.Argument(help="A .tflite file made by melanoma-convert.")],
    as_json: Annotated[bool, typer.Option("--json", help="The card's JSON on stdout.")] = False,
) -> None:
    """Verify the hashes of MODEL and show its card."""
    shown = open_sealed(model).card
    if as_json:
        console.write_line(dump_card(shown).rstrip())
    else:
        console.print_table((shown.name, ""), _card_rows(shown))
        console.write_line()
        console.write_line(shown.notice)


def _card_rows(shown: ModelCard) -> list[tuple[str, str]]:
    height, width = shown.preprocessing.size_hw
    point, conversion, training = shown.operating_point, shown.conversion, shown.training
    pictures = ", ".join(f"{name} {count}" for name, count in training.pictures.items())
    tensors = f"{shown.input.dtype} {shown.input.shape} → {shown.output.dtype} logit"
    rows = [
        ("variant", f"{shown.variant}, for {shown.requires_delegate}"),
        ("network", shown.architecture.description),
        ("initial weights", shown.architecture.initial_weights),
        ("picture", f"{height}×{width} RGB, {shown.preprocessing.fit}, Pillow bilinear"),
        ("tensors", tensors),
        ("labels", f"{shown.labels.negative} / {shown.labels.positive}"),
        ("temperature", f"{shown.temperature:.4f}"),
        ("threshold", f"{point.threshold:.5f}, chosen for {point.rule} {point.target:g}"),
        (f"sensitivity ({point.chosen_on})", str(point.sensitivity)),
        (f"specificity ({point.chosen_on})", str(point.specificity)),
        (
            "pictures of the run",
            f"{pictures}; split by {training.grouped_by}, seed {training.seed}",
        ),
        ("imbalance", training.imbalance),
        ("converted by", f"{conversion.engine}: {conversion.recipe}"),
        ("calibration", f"{conversion.calibration_pictures} pictures"),
        (
            "from Keras",
            f"at most {conversion.parity_max_logit_difference:.5f} logit "
            f"on {conversion.parity_pictures} pictures",
        ),
        ("operating point of", f"{conversion.measured_on} kernels"),
        ("gate", "; ".join(conversion.gate) or "none"),
        ("golden cases", f"{len(shown.golden.cases)}, tolerance {shown.golden.tolerance}"),
        ("model sha256", shown.model_sha256),
    ]
    return rows + _warning_rows(training)


def _warning_rows(training: TrainingRecord) -> list[tuple[str, str]]:
    rows = []
    if training.leaked_pictures:
        leaked = f"{training.leaked_pictures} pictures across splits, figures are too good"
        rows.append(("leakage", leaked))
    if training.demonstration:
        rows.append(("demonstration", "its figures mean nothing"))
    return rows


def main() -> None:
    """Entry point of ``melanoma-convert``."""
    console.run_app(app)
