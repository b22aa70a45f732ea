"""``melanoma-bench training``: what the trainer's caches save on this machine."""

import contextlib
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.training import TrainingOptions, run_training_benchmark
from benchmarks.training_report import (
    EPOCH_COLUMNS,
    RATIO_COLUMNS,
    epoch_rows,
    ratio_rows,
    training_notes,
)
from benchmarks.training_results import TrainingResults, dump_training_results
from edge_runtime import console
from edge_runtime.errors import InputError
from trainer.cli import PoolFrom, PoolMiddle
from trainer.config import CUTS, MAX_IMAGE_SIZE, MIN_IMAGE_SIZE, FitConfig, free_blocks

_NOTE_WIDTH = 110
_MIN_PICTURES = 16


Data = Annotated[Path, typer.Argument(help="Labelled pictures, as melanoma-train fit takes.")]
Weights = Annotated[str, typer.Option(help="imagenet (downloaded), none, or a .npz or .h5 file.")]
Cut = Annotated[str, typer.Option(help=f"Last block kept, {CUTS[1]} to {CUTS[-1]}.")]
ImageSize = Annotated[
    int, typer.Option(min=MIN_IMAGE_SIZE, max=MAX_IMAGE_SIZE, help="Side of the input in pixels.")
]
Pictures = Annotated[
    int, typer.Option(min=_MIN_PICTURES, help="Training and validation pictures, drawn.")
]
Unfreeze = Annotated[
    list[str] | None,
    typer.Option(help="First free block of stage 2; repeatable. Default: each of the last three."),
]
Views = Annotated[int, typer.Option(min=1, help="Stored views of a training picture.")]
Repeats = Annotated[
    int, typer.Option(min=2, help="Of everything that is compared; the ways take turns.")
]
Seed = Annotated[int, typer.Option(min=0, help="Fixes draw, order and views.")]
Out = Annotated[
    Path | None, typer.Option(help="New file for results and raw times, as JSON; default: none.")
]
AsJson = Annotated[
    bool, typer.Option("--json", help="The results as JSON on stdout, not as tables.")
]


def training(
    data: Data,
    weights: Weights = FitConfig.weights,
    cut: Cut = FitConfig.cut,
    pool_from: PoolFrom = FitConfig.pool_from,
    pool_middle: PoolMiddle = False,
    image_size: ImageSize = FitConfig.image_size,
    pictures: Pictures = 640,
    unfreeze: Unfreeze = None,
    views: Views = FitConfig.views,
    repeats: Repeats = 3,
    seed: Seed = FitConfig.seed,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Time training with and without its caches, as ratios within one run.

    Stage 1 from nothing against a published baseline as written; epochs of stage 2 on stored
    activations against epochs that run the whole network on newly augmented pictures.
    """
    console.require_choice("--cut", cut, CUTS[1:])
    if pool_from:
        console.require_choice("--pool-from", pool_from, CUTS[: CUTS.index(cut) + 1])
    possible = free_blocks(cut, pool_from)
    blocks = unfreeze or list(possible[-3:])
    for block in blocks:
        console.require_choice("--unfreeze", block, possible)
    config = FitConfig(
        data=data,
        weights=weights,
        cut=cut,
        pool_from=pool_from,
        pool_middle=pool_middle,
        image_size=image_size,
        views=views,
        seed=seed,
    )
    options = TrainingOptions(config=config, unfreeze=blocks, pictures=pictures, repeats=repeats)
    with _output_file(out) as partial:
        results = run_training_benchmark(options)
        if partial is not None:
            partial.write_text(dump_training_results(results), encoding="utf-8")
    _show(results, as_json=as_json)
    if out is not None:
        console.log.info("written to %s", console.display_name(out))


def _show(results: TrainingResults, *, as_json: bool) -> None:
    if as_json:
        console.write_line(dump_training_results(results).rstrip())
    else:
        console.print_table(RATIO_COLUMNS, ratio_rows(results))
        console.write_line()
        console.print_table(EPOCH_COLUMNS, epoch_rows(results))
        console.write_line()
    for note in training_notes(results):
        wrapped = textwrap.fill(note, _NOTE_WIDTH, subsequent_indent="  ")
        (console.log.info if as_json else console.write_line)(wrapped)


@contextlib.contextmanager
def _output_file(out: Path | None) -> Iterator[Path | None]:
    """A file beside the output that gets its name once it is written, or is removed.

    Raises:
        OutputExistsError: If the output exists.
        InputError: If no file can be made there.
    """
    if out is None:
        yield None
        return
    console.require_absent(out)
    partial = out.with_name(out.name + ".partial")
    try:
        # Now: whether the place is good must not turn out after all the measuring.
        partial.write_text("", encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"expected a place for a new file. Received: --out {console.display_name(out)}: "
            f"{error.strerror}. Name another one."
        ) from error
    try:
        yield partial
        partial.rename(out)
    finally:
        partial.unlink(missing_ok=True)
