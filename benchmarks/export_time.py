"""``melanoma-bench export``: what all variants cost beside one, and beside the plain way.

The plain way converts the Keras model once a variant with TensorFlow's converter. Ours converts it
once, to float32, and makes the rest from that file.
"""

import json
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from subprocess import PIPE
from typing import Annotated, Any

import numpy as np
import typer

from converter.calibration import load_calibration
from converter.export import StaticModel, export_float32, import_tensorflow, load_static_model
from converter.quantize import measure_ranges
from converter.run_folder import open_run
from converter.variants import RECIPES, FloatSource
from edge_runtime import console
from edge_runtime.contract.preprocess import Pixels
from edge_runtime.native_output import native_output_hidden

VARIANTS = ("float32", "float16", "dynamic_int8", "int8")
_OPEN_GATE = "auc_drop<=1"


def export_time(
    run: Annotated[Path, typer.Argument(help="Run folder of melanoma-train fit.")],
    data: Annotated[
        Path | None, typer.Option(help="Where the run's pictures lie now, if they were moved.")
    ] = None,
    calibration: Annotated[int, typer.Option(min=1, help="Calibration pictures.")] = 200,
    as_json: Annotated[bool, typer.Option("--json", help="Seconds as JSON on stdout.")] = False,
) -> None:
    """Time the making of float32, float16, dynamic_int8 and int8, ours and the plain way.

    First the making alone, then the whole command for float32 alone and for all four, with gate,
    golden cases and cards. The gate scores every validation picture with every variant.
    """
    folder = open_run(run, data)
    whole = _whole_command(run, data, calibration, len(folder.split("valid")))
    model = load_static_model(folder.model, folder.draft.preprocessing.size_hw)
    pixels = load_calibration(folder, calibration).pixels
    result = {"ours": _ours(model, pixels), "plain": _plain(model, pixels), "command": whole}
    if as_json:
        console.write_line(json.dumps(result))
    else:
        _print(result)


def _whole_command(
    run: Path, data: Path | None, calibration: int, validation_pictures: int
) -> dict[str, Any]:
    """Seconds of ``melanoma-convert export``, start of Python included."""
    seconds: dict[str, float] = {}
    for name, variants in (("float32", VARIANTS[:1]), ("all", VARIANTS)):
        console.log.info("melanoma-convert export --variants %s", ",".join(variants))
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "converter", "export", str(run)]
            command += ["--out", f"{folder}/models", "--variants", ",".join(variants)]
            command += ["--calibration", str(calibration)]
            command += ["--gate", _OPEN_GATE]  # what is refused gets no card, and takes no time
            command += ["--data", str(data)] if data else []
            seconds[name], _ = _timed(partial(subprocess.run, command, check=True, stdout=PIPE))
    return {"seconds": seconds, "validation_pictures": validation_pictures}


def _ours(model: StaticModel, pixels: Sequence[Pixels]) -> dict[str, dict[str, float]]:
    seconds: dict[str, float] = {}
    sizes: dict[str, float] = {}
    seconds["float32"], float32 = _timed(lambda: export_float32(model))
    seconds["ranges"], ranges = _timed(lambda: measure_ranges(float32, pixels))
    source = FloatSource(float32=float32, ranges=ranges.joined("percentile"))
    sizes["float32"] = len(float32)
    for variant in VARIANTS[1:]:
        seconds[variant], made = _timed(partial(RECIPES[variant].build, source, ()))
        sizes[variant] = len(made)
    return {"seconds": seconds, "bytes": sizes}


def _plain(model: StaticModel, pixels: Sequence[Pixels]) -> dict[str, dict[str, float]]:
    seconds: dict[str, float] = {}
    sizes: dict[str, float] = {}
    for variant in VARIANTS:
        console.log.info("the plain way: %s", variant)
        seconds[variant], made = _timed(partial(_convert_plainly, model, variant, pixels))
        sizes[variant] = len(made)
    return {"seconds": seconds, "bytes": sizes}


def _convert_plainly(model: StaticModel, variant: str, pixels: Sequence[Pixels]) -> bytes:
    tf = import_tensorflow()
    converter = tf.lite.TFLiteConverter.from_keras_model(model.keras_model)
    if variant != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if variant == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if variant == "int8":
        converter.representative_dataset = lambda: (
            [one[np.newaxis].astype(np.float32)] for one in pixels
        )
    with native_output_hidden(), warnings.catch_warnings():
        # On statistics that are needed only without calibration.
        warnings.simplefilter("ignore", UserWarning)
        return bytes(converter.convert())


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    made = work()
    return time.perf_counter() - start, made


def _print(result: dict[str, dict[str, Any]]) -> None:
    ours, plain = result["ours"], result["plain"]
    alone = ours["seconds"]["float32"]
    rows = [
        (
            variant,
            f"{ours['bytes'][variant] / 1e6:.2f} MB",
            f"{ours['seconds'][variant]:.1f} s",
            f"{plain['seconds'][variant]:.1f} s",
        )
        for variant in VARIANTS
    ]
    rows.append(("integer ranges", "", f"{ours['seconds']['ranges']:.1f} s", "in int8"))
    console.print_table(("variant", "size", "ours", "the plain way"), rows)
    made = sum(ours["seconds"].values())
    console.write_line()
    console.write_line(
        f"all without the ranges: {(made - ours['seconds']['ranges']) / alone:.2f} times float32 "
        f"alone; with them {made:.1f} s, the plain way {sum(plain['seconds'].values()):.1f} s"
    )
    command = result["command"]
    one, four = command["seconds"]["float32"], command["seconds"]["all"]
    console.write_line(
        f"the whole command, with gate and cards, on {command['validation_pictures']} validation "
        f"pictures: {four:.1f} s, float32 alone {one:.1f} s; without the ranges "
        f"{(four - ours['seconds']['ranges']) / one:.2f} times"
    )
