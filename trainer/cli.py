"""``melanoma-train``: from labelled pictures to a run folder."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer

from edge_runtime import console
from edge_runtime.contract.card import NOTICE
from trainer.audit.command import audit
from trainer.augmentation import AUGMENTATIONS
from trainer.config import (
    CUTS,
    MAX_IMAGE_SIZE,
    MIN_IMAGE_SIZE,
    RECIPES,
    FitConfig,
    Target,
    free_blocks,
    parse_target,
)
from trainer.distribution import WorkerPlace, parse_worker_place
from trainer.download.cli import register as register_download
from trainer.epoch_plan import IMBALANCES
from trainer.evaluation.command import evaluate
from trainer.evaluation.wording import with_interval
from trainer.fit import fit as fit_model
from trainer.head import HEADS
from trainer.lesion_kinds import parse_classes

app = console.make_app(f"Train InceptionV3 to tell benign from malignant lesions. {NOTICE}")


Metrics = dict[str, dict[str, dict[str, Any]]]
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
PoolFrom = Annotated[
    str,
    typer.Option(
        help="Average the maps of every block from this one to the cut, not of the cut alone.",
        show_default=False,
    ),
]
PoolMiddle = Annotated[
    bool,
    typer.Option(
        "--pool-middle",
        help="Average the middle of each map, half as high and wide, beside the whole map.",
    ),
]
ImageSize = Annotated[
    int, typer.Option(min=MIN_IMAGE_SIZE, max=MAX_IMAGE_SIZE, help="Side of the input in pixels.")
]
AllowLeakage = Annotated[
    bool,
    typer.Option(
        "--allow-leakage", help="Train although pictures lie across splits; the card says so."
    ),
]
Folds = Annotated[
    int, typer.Option(min=0, help="Cross-validate with so many folds first; 0 does not.")
]
Cache = Annotated[
    Path | None,
    typer.Option(help="Folder of decoded pictures, shared by runs. Default: the user's cache."),
]
Recipe = Annotated[
    str, typer.Option(help="standard, or blog: a published baseline as written, to compare with.")
]
HeadKind = Annotated[str, typer.Option("--head", help=f"Dense layers: {', '.join(HEADS)}.")]
Unfreeze = Annotated[
    str,
    typer.Option(
        help="First block of stage 2, as in mixed6; auto: the last three; none: no stage 2."
    ),
]
FineTuneEpochs = Annotated[int, typer.Option(min=1, help="At most so many epochs of stage 2.")]
Views = Annotated[
    int,
    typer.Option(
        min=0,
        help="Augmented views of a picture, computed once; 0: none in stage 1, and in stage 2 new "
        "ones each epoch, much slower.",
    ),
]
LearningRate = Annotated[
    float,
    typer.Option(
        callback=console.finite,
        min=1e-8,
        help="Of head and last block in stage 2; deeper blocks learn slower.",
    ),
]
Dropout = Annotated[
    float,
    typer.Option(
        callback=console.finite,
        min=0,
        max=0.9,
        help="Share of features that a step of stage 2 leaves out.",
    ),
]
Imbalance = Annotated[str, typer.Option(help=f"{' or '.join(IMBALANCES)}, in stage 2.")]
Augmentation = Annotated[
    str,
    typer.Option(
        help="sharp: views turned, mirrored and shifted, half of them in other light; symmetries: "
        "turned and mirrored alone; full: also turned by some degrees, resized and sheared."
    ),
]
Hair = Annotated[
    float,
    typer.Option(callback=console.finite, min=0, max=1, help="Share of views with drawn hair."),
]
Vignette = Annotated[
    float,
    typer.Option(callback=console.finite, min=0, max=1, help="Share of views with a dark rim."),
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume/--restart", help="Go on with what an interrupted run left beside OUT, or not."
    ),
]
Epochs = Annotated[int, typer.Option(min=1, help="Passes of stage 1, at most.")]
BatchSize = Annotated[int, typer.Option(min=1, help="Pictures at a time through the network.")]
Devices = Annotated[
    int, typer.Option(min=1, help="Devices of this host, GPUs where there are any, for stage 2.")
]
Workers = Annotated[
    str | None,
    typer.Option(help="HOST:PORT of every worker process, with commas; the same for all of them."),
]
Worker = Annotated[
    int | None, typer.Option(help="Which of the workers this one is, from 0, which writes OUT.")
]
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
    allow_leakage: AllowLeakage = False,
    folds: Folds = FitConfig.folds,
    cache: Cache = None,
    weights: Weights = FitConfig.weights,
    cut: Cut = FitConfig.cut,
    pool_from: PoolFrom = FitConfig.pool_from,
    pool_middle: PoolMiddle = False,
    image_size: ImageSize = FitConfig.image_size,
    recipe: Recipe = FitConfig.recipe,
    head: HeadKind = FitConfig.head,
    epochs: Epochs = FitConfig.epochs,
    unfreeze: Unfreeze = FitConfig.unfreeze,
    fine_tune_epochs: FineTuneEpochs = FitConfig.fine_tune_epochs,
    views: Views = FitConfig.views,
    learning_rate: LearningRate = FitConfig.learning_rate,
    dropout: Dropout = FitConfig.dropout,
    imbalance: Imbalance = FitConfig.imbalance,
    augmentation: Augmentation = FitConfig.augmentation,
    hair: Hair = FitConfig.hair,
    vignette: Vignette = FitConfig.vignette,
    batch_size: BatchSize = FitConfig.batch_size,
    devices: Devices = FitConfig.devices,
    workers: Workers = None,
    worker: Worker = None,
    seed: Seed = FitConfig.seed,
    target: TargetText = "sensitivity=0.95",
    demonstration: Demonstration = False,
    resume: Resume = True,
    as_json: AsJson = False,
) -> None:
    """Train on DATA: first the head on the frozen base, then the upper blocks with it.

    Pictures without a split are divided 64/16/20 by patient, lesion or copy. What is frozen is
    computed once. Temperature and operating point are chosen on the validation pictures. After
    Ctrl-C or a crash, the same command goes on where it stopped.
    """
    metrics = fit_model(_config(locals()), out, resume=resume)
    _report(metrics, out, worker, as_json=as_json)


def _report(metrics: Metrics | None, out: Path, worker: int | None, *, as_json: bool) -> None:
    if metrics is None:
        console.log.info("worker %s is done; worker 0 writes the run folder", worker)
    elif as_json:
        console.write_line(json.dumps(metrics))
    else:
        _print_metrics(metrics, out)


def _config(options: dict[str, Any]) -> FitConfig:
    """The configuration that the command's options name.

    Raises:
        typer.BadParameter: If one has a value that it does not know.
    """
    cut, pool_from = options["cut"], options["pool_from"]
    console.require_choice("--cut", cut, CUTS)
    if pool_from:
        console.require_choice("--pool-from", pool_from, CUTS[: CUTS.index(cut) + 1])
    for name, choices in (
        ("recipe", RECIPES),
        ("head", tuple(HEADS)),
        ("imbalance", IMBALANCES),
        ("augmentation", tuple(AUGMENTATIONS)),
        ("unfreeze", ("auto", "none", *free_blocks(cut, pool_from))),
    ):
        console.require_choice(f"--{name}", options[name], choices)
    known = {
        field.name: options[field.name] for field in fields(FitConfig) if field.name in options
    }
    known["classes"] = _classes(options["classes"])
    known["target"] = _target(options["target"])
    known["place"] = _place(options["workers"], options["worker"])
    return FitConfig(**known)


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


def _place(workers: str | None, worker: int | None) -> WorkerPlace | None:
    try:
        return parse_worker_place(workers, worker)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--workers") from error


def _print_metrics(metrics: Metrics, out: Path) -> None:
    names = list(next(iter(metrics.values())))
    rows = [(name, *(with_interval(metrics[split][name]) for split in metrics)) for name in names]
    console.print_table(("metric, 95 % interval", *metrics), rows)
    console.write_line()
    console.write_line(f"written to {console.display_name(out)}; plots in its plots folder")
    console.write_line(NOTICE)


register_download(app)
app.command()(evaluate)
app.command()(audit)


def main() -> None:
    """Entry point of ``melanoma-train``."""
    console.run_app(app)
