"""``melanoma-train``: from labelled pictures to a run folder."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from edge_runtime import console
from edge_runtime.contract.card import NOTICE
from trainer.audit.command import audit
from trainer.config import CUTS, MAX_IMAGE_SIZE, MIN_IMAGE_SIZE, FitConfig, Target, parse_target
from trainer.download.cli import register as register_download
from trainer.evaluation.command import evaluate
from trainer.fit import fit as fit_model
from trainer.lesion_kinds import parse_classes

app = console.make_app(f"Train InceptionV3 to tell benign from malignant lesions. {NOTICE}")


Data = Annotated[
    Path,
    typer.Argument(
        help="Folder with benign/ and malignant/, or with train/ (and valid/, test/) that hold "
        "them; a metadata.csv with file and lesion_id keeps lesions together."
    ),
]
Classes = Annotated[
    str,
    typer.Option(
        help="Class by kind of lesion where a table gives the kind, as in "
        "bcc=malignant,df=out; replaces entries of the table in docs/data.md."
    ),
]
Out = Annotated[Path, typer.Option(help="Run folder to write; must not exist.")]
Weights = Annotated[str, typer.Option(help="imagenet (downloaded), none, or a .npz or .h5 file.")]
Cut = Annotated[
    str, typer.Option(help=f"Last block kept, {CUTS[0]} to {CUTS[-1]} (the whole network).")
]
ImageSize = Annotated[
    int, typer.Option(min=MIN_IMAGE_SIZE, max=MAX_IMAGE_SIZE, help="Side of the input in pixels.")
]
Epochs = Annotated[int, typer.Option(min=1, help="At most so many; stops when it is best.")]
BatchSize = Annotated[int, typer.Option(min=1, help="Pictures at a time through the network.")]
Seed = Annotated[int, typer.Option(min=0, help="Fixes split, order and initial values.")]
TargetText = Annotated[
    str, typer.Option(help="sensitivity=VALUE or specificity=VALUE of the operating point.")
]
Demonstration = Annotated[
    bool, typer.Option("--demonstration", help="Stamp the model: its figures mean nothing.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Metrics as JSON on stdout.")]


@app.command()
def fit(
    data: Data,
    out: Out,
    classes: Classes = FitConfig.classes,
    weights: Weights = FitConfig.weights,
    cut: Cut = FitConfig.cut,
    image_size: ImageSize = FitConfig.image_size,
    epochs: Epochs = FitConfig.epochs,
    batch_size: BatchSize = FitConfig.batch_size,
    seed: Seed = FitConfig.seed,
    target: TargetText = "sensitivity=0.95",
    demonstration: Demonstration = False,
    as_json: AsJson = False,
) -> None:
    """Train on DATA: the base is frozen and computed once, one sigmoid neuron learns.

    Pictures without a split are divided 64/16/20 by lesion. Temperature and operating point are
    chosen on the validation pictures. After Ctrl-C, the same command goes on where it stopped.
    """
    console.require_choice("--cut", cut, CUTS)
    config = FitConfig(
        data=data,
        classes=_classes(classes),
        weights=weights,
        cut=cut,
        image_size=image_size,
        epochs=epochs,
        batch_size=batch_size,
        seed=seed,
        target=_target(target),
        demonstration=demonstration,
    )
    metrics = fit_model(config, out)
    if as_json:
        console.write_line(json.dumps(metrics))
    else:
        _print_metrics(metrics, out)


def _classes(text: str) -> str:
    try:
        parse_classes(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--classes") from error
    return text


def _target(text: str) -> Target:
    try:
        return parse_target(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--target") from error


def _print_metrics(metrics: dict[str, dict[str, dict[str, Any]]], out: Path) -> None:
    names = list(next(iter(metrics.values())))
    rows = [(name, *(_with_interval(metrics[split][name]) for split in metrics)) for name in names]
    console.print_table(("metric, 95 % interval", *metrics), rows)
    console.write_line()
    console.write_line(f"written to {console.display_name(out)}; plots in its plots folder")
    console.write_line(NOTICE)


def _with_interval(estimate: dict[str, Any]) -> str:
    value, low, high = (estimate[key] for key in ("value", "low", "high"))
    return "not measured" if value is None else f"{value:.3f} [{low:.3f}–{high:.3f}]"


register_download(app)
app.command()(evaluate)
app.command()(audit)


def main() -> None:
    """Entry point of ``melanoma-train``."""
    console.run_app(app)
