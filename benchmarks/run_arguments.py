"""The options of ``melanoma-bench run``."""

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.matrix import RUNTIME_CHOICES
from benchmarks.pictures import SPLIT_CHOICES
from edge_runtime import console

Models = Annotated[
    Path, typer.Argument(help="Folder that melanoma-convert export wrote, or a .tflite file.")
]
Data = Annotated[
    Path, typer.Option(help="Data set that the model was trained on, or one it never saw.")
]
Split = Annotated[
    str, typer.Option(help=f"{', '.join(SPLIT_CHOICES[:-1])} or {SPLIT_CHOICES[-1]}.")
]
Pictures = Annotated[
    int | None, typer.Option(min=2, help="Pictures of the split at most, spread over it.")
]
Queries = Annotated[int, typer.Option(min=1, help="Pictures that each row is timed on, at least.")]
MinSeconds = Annotated[
    float,
    typer.Option(
        callback=console.finite, min=0, help="Seconds that each row is timed for, at least."
    ),
]
Runtimes = Annotated[
    list[str] | None,
    typer.Option(
        "--runtime", help=f"{', '.join(RUNTIME_CHOICES)}; repeat it for several. Default: auto."
    ),
]
Threads = Annotated[
    list[int] | None,
    typer.Option(min=1, max=64, help="Of one inference; repeat it for several. Default: 1."),
]
Delegates = Annotated[
    list[str] | None,
    typer.Option("--delegate", help="cpu, edgetpu, usb:0 …; default: what each variant requires."),
]
RepeatNoisy = Annotated[
    int, typer.Option(min=0, max=20, help="Measure noisy rows again, so often at most.")
]
MediaPipePython = Annotated[
    str | None,
    typer.Option("--mediapipe-python", help="Python of an environment with MediaPipe: a baseline."),
]
TflitePython = Annotated[
    str | None, typer.Option(help="Python of one with tflite-runtime and numpy 1: a baseline.")
]
RunFolder = Annotated[
    Path | None, typer.Option(help="Run folder of melanoma-train: its Keras model as a baseline.")
]
Published = Annotated[Path | None, typer.Option(help="The published baseline's own .tflite file.")]
PublishedMaxPixel = Annotated[
    float,
    typer.Option(
        "--published-max-pixel",
        callback=console.finite,
        min=1,
        help="White in --published: 1 as published, or 255.",
    ),
]
Host = Annotated[str | None, typer.Option(help="Measure there over OpenSSH instead: user@pi.")]
HostCommand = Annotated[str, typer.Option(help="melanoma-bench on that host, or its path.")]
Out = Annotated[Path | None, typer.Option(help="New folder; default: MODELS/benchmark-<UTC time>.")]
AsJson = Annotated[
    bool, typer.Option("--json", help="The results as JSON on stdout, not as a table.")
]
