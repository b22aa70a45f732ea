"""``melanoma-convert``: from a run folder to sealed TFLite variants."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from converter.finalize import ExportedVariant
from converter.pipeline import describe, export_run
from converter.variants import DEFAULT_VARIANTS, RECIPES, parse_variants
from edge_runtime import console
from edge_runtime.contract.card import NOTICE, ModelCard, TrainingRecord, dump_card
from edge_runtime.contract.embed import open_sealed

app = console.make_app(f"Export a trained model as TFLite variants that carry their card. {NOTICE}")


@app.command()
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
    as_json: Annotated[bool, typer.Option("--json", help="Figures as JSON on stdout.")] = False,
) -> None:
    """Make the variants of RUN, compare each with the Keras model, and seal it with its card.

    Each variant gets its own temperature and operating point from the validation pictures, run
    through the device's own code.
    """
    exported = export_run(
        run, out, parse_variants(variants), data=data, calibration_pictures=calibration
    )
    if as_json:
        console.write_line(json.dumps({i.card.variant: describe(i) for i in exported}))
    else:
        _print_variants(exported, out)


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


def _print_variants(exported: Sequence[ExportedVariant], out: Path) -> None:
    rows = [
        (
            item.card.variant,
            f"{item.size_bytes / 1e6:.2f} MB",
            f"{item.parity.mean_difference:.5f} / {item.parity.max_difference:.5f}",
            str(item.metrics["roc_auc"]),
            f"{item.card.temperature:.3f}",
            f"{item.card.operating_point.threshold:.4f}",
            str(item.metrics["sensitivity"]),
            str(item.metrics["specificity"]),
        )
        for item in exported
    ]
    console.print_table(
        (
            "variant",
            "size",
            "Δlogit mean / max",
            "ROC-AUC",
            "temperature",
            "threshold",
            "sensitivity",
            "specificity",
        ),
        rows,
    )
    pictures = exported[0].card.conversion.parity_pictures
    console.write_line()
    console.write_line(
        f"on {pictures} validation pictures, with 95 % intervals; Δlogit is from the Keras model"
    )
    console.write_line(f"written to {console.display_name(out)}")
    console.write_line(NOTICE)


def _card_rows(shown: ModelCard) -> list[tuple[str, str]]:
    height, width = shown.preprocessing.size_hw
    point, conversion, training = shown.operating_point, shown.conversion, shown.training
    pictures = ", ".join(f"{name} {count}" for name, count in training.pictures.items())
    tensors = f"{shown.input.dtype} {shown.input.shape} → {shown.output.dtype} logit"
    rows = [
        ("variant", f"{shown.variant}, for {shown.requires_delegate}"),
        ("network", f"{shown.architecture.backbone} up to {shown.architecture.cut}"),
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
