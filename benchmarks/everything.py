"""``melanoma-bench everything``: from nothing to the whole comparison.

Trains and exports on drawn pictures unless folders are given, builds the environments of other
software, measures every variant, runtime and number of threads beside them, and writes the page.
A step whose result is there is not done again: after Ctrl-C the same command goes on.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.other_pythons import mediapipe_python, tflite_runtime_python
from benchmarks.run_command import RESULTS_FILE
from converter.export import import_tensorflow
from edge_runtime import console
from edge_runtime.errors import DeviceError
from edge_runtime.native_output import native_output_hidden
from edge_runtime.synthetic_dataset import write_dataset
from edge_runtime.thread_choice import available_cores

RESULTS = "results"
_BENIGN, _MALIGNANT = 900, 600
# Random layers pass little of drawn pictures on: the deeper the cut, the less.
_DRAWN = ("--weights", "none", "--cut", "mixed3", "--image-size", "128")
_INTERRUPTED = 130


def everything(
    out: Annotated[Path, typer.Option(help="Folder of everything; goes on where it was.")],
    run: Annotated[
        Path | None, typer.Option(help="Run folder of melanoma-train fit; none: drawn pictures.")
    ] = None,
    models: Annotated[
        Path | None, typer.Option(help="What was exported of it; none: exported now.")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Its pictures, with --run.")] = None,
    published: Annotated[
        Path | None,
        typer.Option(help="The published baseline's .tflite; none: trained on drawn pictures."),
    ] = None,
) -> None:
    """Train, export, measure beside other software, and write the page: make bench.

    A step whose result is there is not done again: after Ctrl-C the same command goes on.
    """
    if (run is None) != (data is None):
        raise typer.BadParameter("expected --run and --data together")
    drawn = data is None
    out.mkdir(parents=True, exist_ok=True)
    data = data or _drawn(out / "data")
    run = run or _trained(out / "run", data, ("--demonstration", "--unfreeze", "none", *_DRAWN))
    models = models or _exported(out / "models", run, data)
    if published is None and drawn:  # on real ones it would need its ImageNet weights
        published = _published(out, data)
    results = out / RESULTS
    if not (results / RESULTS_FILE).is_file():
        _measure(out, run, models, data, published)
    page = out / "report"
    if not page.exists():
        times = _operator_times(out / "operators", models)
        _call("benchmarks", "report", str(results), "--operators", str(times), "--out", str(page))
    console.log.info("written to %s", console.display_name(page))


def _drawn(folder: Path) -> Path:
    if not folder.exists():
        console.log.info("drawing %d pictures", _BENIGN + _MALIGNANT)
        write_dataset(folder, benign=_BENIGN, malignant=_MALIGNANT, seed=0)
    return folder


def _trained(folder: Path, data: Path, options: Sequence[str]) -> Path:
    if not folder.exists():
        _call("trainer", "fit", str(data), "--out", str(folder), *options)
    return folder


def _exported(folder: Path, run: Path, data: Path) -> Path:
    if not folder.exists():
        # A variant that its gate refuses is left out of the table, not the table left unwritten.
        gate_refused = 6
        options = ("--out", str(folder), "--data", str(data))
        _call("converter", "export", str(run), *options, also=gate_refused)
    return folder


def _published(out: Path, data: Path) -> Path:
    """The published recipe, trained as written and exported the plain way."""
    file = out / "published.tflite"
    if not file.exists():
        recipe = ("--recipe", "blog", "--weights", "none", "--image-size", "128")
        run = _trained(out / "published", data, ("--demonstration", *recipe))
        tf = import_tensorflow()
        with native_output_hidden():
            model = tf.keras.models.load_model(run / "model.keras", compile=False)
            written = tf.lite.TFLiteConverter.from_keras_model(model).convert()
        beside = file.with_suffix(".partial")
        beside.write_bytes(written)
        beside.replace(file)
    return file


def _operator_times(folder: Path, models: Path) -> Path:
    if not folder.exists():
        files = sorted(str(file) for file in models.glob("*.tflite") if "edgetpu" not in file.name)
        _call("benchmarks", "operators", *files, "--out", str(folder))
    return folder


def _measure(out: Path, run: Path, models: Path, data: Path, published: Path | None) -> None:
    older = tflite_runtime_python(out)
    threads = sorted({1, available_cores()})
    _call(
        *("benchmarks", "run", str(models), "--data", str(data), "--split", "test"),
        *(word for count in threads for word in ("--threads", str(count))),
        *("--mediapipe-python", str(mediapipe_python(out))),
        *(("--tflite-python", str(older)) if older else ()),
        *("--run-folder", str(run), "--out", str(out / RESULTS)),
        # Scaling lies in the graph of what melanoma-train writes.
        *(("--published", str(published), "--published-max-pixel", "255") if published else ()),
    )


def _call(package: str, *arguments: str, also: int = 0) -> None:
    """Run one of the project's commands, its progress and table shown.

    Args:
        package: Whose command.
        arguments: Of it.
        also: A status, other than 0, that is no failure.

    Raises:
        DeviceError: If it fails.
        KeyboardInterrupt: If it was interrupted.
    """
    console.log.info("python -m %s %s", package, " ".join(arguments))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-P", "-m", package, *arguments]
    # Ctrl-C reaches both processes; the command stores what it has, and this one waits for it.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        done = subprocess.run(command, env=environment, check=False)
    finally:
        signal.signal(signal.SIGINT, before)
    if done.returncode == _INTERRUPTED:
        raise KeyboardInterrupt
    if done.returncode not in (0, also):
        raise DeviceError(
            f"expected {package} {arguments[0]} to succeed. Received: status {done.returncode}. "
            "Its message stands above; after mending it, the same command goes on."
        )
