"""The demo's command line: draw or take pictures, run the four commands, write the page."""

import contextlib
import json
import shlex
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from demo.gather import gather_report, shown_pictures
from demo.page import render
from demo.plan import (
    BENIGN,
    DRAWN_CUT,
    DRAWN_IMAGE_SIZE,
    DRAWN_SIDE,
    MALIGNANT,
    REAL_CUT,
    REAL_IMAGE_SIZE,
    Plan,
    assess_step,
    benchmark_step,
    export_step,
    training_step,
)
from demo.steps import FinishedStep, StepError, announce, duration, finish, run_step
from edge_runtime.console import display_name, log, require_absent, write_line
from edge_runtime.errors import DatasetError, OutputExistsError
from edge_runtime.synthetic_dataset import write_dataset
from trainer.config import CUTS, MAX_IMAGE_SIZE, MIN_IMAGE_SIZE

INTERRUPTED = 130
_TELL_EVERY = 300

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.command()
def demonstrate(
    out: Annotated[Path, typer.Option(help="Folder to make; must not exist.")],
    data: Annotated[
        Path | None,
        typer.Option(help="Labelled pictures, as melanoma-train fit takes them; none: drawn ones."),
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(help="With --data: imagenet (downloaded), none or a file. [imagenet]"),
    ] = None,
    cut: Annotated[
        str | None,
        typer.Option(help=f"Last block kept. [{DRAWN_CUT}; with --data {REAL_CUT}]"),
    ] = None,
    image_size: Annotated[
        int | None,
        typer.Option(
            min=MIN_IMAGE_SIZE,
            max=MAX_IMAGE_SIZE,
            help=f"Side of the input. [{DRAWN_IMAGE_SIZE}; with --data {REAL_IMAGE_SIZE}]",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Fixes everything that is drawn.")] = 0,
) -> None:
    """Train, export, assess and benchmark, and write one page about it."""
    if weights is not None and data is None:
        raise typer.BadParameter("expected --data with it", param_hint="--weights")
    if cut not in (None, *CUTS):
        raise typer.BadParameter(f"{cut!r} is not one of: {', '.join(CUTS)}", param_hint="--cut")
    plan = Plan(
        out=out,
        given=data,
        weights=weights or ("imagenet" if data else "none"),
        cut=cut or (REAL_CUT if data else DRAWN_CUT),
        image_size=image_size or (REAL_IMAGE_SIZE if data else DRAWN_IMAGE_SIZE),
        seed=seed,
    )
    _make_out(out)
    with _rerun_explained(out):
        _run(plan)


def _make_out(out: Path) -> None:
    """Make the output folder.

    Raises:
        OutputExistsError: If it exists already.
        DatasetError: If it cannot be made.
    """
    try:
        require_absent(out)
    except OutputExistsError as error:
        found = "a finished demo" if (out / "report.html").is_file() else "no finished demo"
        raise OutputExistsError(
            f"expected an output folder that does not exist yet. Received: "
            f"{display_name(out)}, {found}. Remove it, or name another one with --out."
        ) from error
    try:
        out.mkdir(parents=True)
    except OSError as error:
        raise DatasetError(
            f"expected a place for a new folder. Received: --out {display_name(out)}: "
            f"{error.strerror}. Name another one."
        ) from error


@contextlib.contextmanager
def _rerun_explained(out: Path) -> Iterator[None]:
    try:
        yield
    except StepError as error:
        raise StepError(f"{error}. {_how_to_rerun(out)}", error.exit_code) from error
    except KeyboardInterrupt:
        log.error("interrupted. %s", _how_to_rerun(out))
        raise typer.Exit(INTERRUPTED) from None


def _how_to_rerun(out: Path) -> str:
    # A step that failed before it wrote anything leaves nothing that could be in the way.
    with contextlib.suppress(OSError):
        out.rmdir()
    if not out.exists():
        return "Nothing is left over: run the demo again."
    return (
        f"To run the demo again, remove {display_name(out)} or name another folder with --out; "
        "it starts anew."
    )


def _run(plan: Plan) -> None:
    start = time.monotonic()
    drawing = 0 if plan.given else 1
    total = drawing + 4
    write_line(
        f"melanoma-edge demo: {total} steps into {display_name(plan.out)}"
        + (", 2 to 4 minutes on two cores" if drawing else "")
    )
    steps = [_draw(plan, f"1/{total}")] if drawing else []
    for step in (training_step(plan), export_step(plan)):
        steps.append(run_step(step, f"{len(steps) + 1}/{total}"))
    pictures = shown_pictures(plan)
    paths = [plan.data / picture.file for picture in pictures]
    for step in (assess_step(plan, paths), benchmark_step(plan)):
        steps.append(run_step(step, f"{len(steps) + 1}/{total}"))
    report = gather_report(plan, pictures, steps)
    beside = plan.report.with_suffix(".partial")
    beside.write_text(render(report), encoding="utf-8")
    beside.replace(plan.report)
    write_line()
    write_line(f"The demo took {duration(time.monotonic() - start)}. Its report, for any browser:")
    write_line(f"  {display_name(plan.report.absolute())}")


def _draw(plan: Plan, position: str) -> FinishedStep:
    total = BENIGN + MALIGNANT
    side = DRAWN_SIDE
    code = (
        "from pathlib import Path\nfrom edge_runtime.synthetic_dataset import write_dataset\n"
        f"write_dataset(Path({json.dumps(display_name(plan.data))}), benign={BENIGN}, "
        f"malignant={MALIGNANT}, seed={plan.seed}, size_hw=({side}, {side}))"
    )
    command = f"python -c {shlex.quote(code)}"
    title = f"Draw {total:,} lesion-like pictures"
    announce(title, position, command)
    start = time.monotonic()

    def tell(done: int) -> None:
        if done % _TELL_EVERY == 0:
            log.info("pictures: %d of %d", done, total)

    write_dataset(
        plan.data,
        benign=BENIGN,
        malignant=MALIGNANT,
        seed=plan.seed,
        size_hw=(side, side),
        on_progress=tell,
    )
    return finish(title, command, start)
