"""Runs in a process of its own, if need be of another Python: single queries to other software.

The request is JSON on stdin, the answer the last line on stdout. This file imports nothing of this
project, so that an environment with nothing but numpy and a runtime can run it by its path.
"""

import importlib
import importlib.metadata
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

# What stands ready before the clock starts, and what is timed.
Query = tuple[Callable[[int], Any], Callable[[Any], Any]]
_MODULES = {
    "ai-edge-litert": "ai_edge_litert.interpreter",
    "tflite-runtime": "tflite_runtime.interpreter",
}


def open_interpreter(request: dict[str, Any], pixels: Any) -> tuple[Query, None]:
    """The bare loop: set the input, invoke, read the output."""
    module = importlib.import_module(_MODULES[request["engine"]])
    library = request["delegate_library"]
    options = {"device": request["delegate_device"]} if request["delegate_device"] else {}
    interpreter = module.Interpreter(
        model_path=request["model"],
        num_threads=request["threads"],
        experimental_delegates=[module.load_delegate(library, options)] if library else [],
    )
    interpreter.allocate_tensors()
    (given,), (wanted,) = interpreter.get_input_details(), interpreter.get_output_details()
    into, out_of = given["index"], wanted["index"]

    def ready(place: int) -> Any:
        return (pixels[place][None] * request["scale"]).astype(given["dtype"])

    def run(tensor: Any) -> Any:
        interpreter.set_tensor(into, tensor)
        interpreter.invoke()
        return interpreter.get_tensor(out_of)

    return (ready, run), None


def open_mediapipe(request: dict[str, Any], pixels: Any) -> tuple[Query, Query]:
    """MediaPipe Tasks' ImageClassifier, on pixels and on picture files."""
    mediapipe = importlib.import_module("mediapipe")
    tasks = importlib.import_module("mediapipe.tasks.python")
    vision = importlib.import_module("mediapipe.tasks.python.vision")
    classifier = vision.ImageClassifier.create_from_options(
        vision.ImageClassifierOptions(
            base_options=tasks.BaseOptions(model_asset_path=request["model"])
        )
    )

    def ready(place: int) -> Any:
        return mediapipe.Image(
            image_format=mediapipe.ImageFormat.SRGB, data=np.array(pixels[place])
        )

    def score(image: Any) -> float:
        (head,) = classifier.classify(image).classifications
        return float(head.categories[0].score)

    def score_file(path: str) -> float:
        return score(mediapipe.Image.create_from_file(path))

    return (ready, score), (request["files"].__getitem__, score_file)


def open_keras(request: dict[str, Any], pixels: Any) -> tuple[Query, None]:
    """The Keras model on the processor, one picture a batch."""
    keras = importlib.import_module("keras")
    model = keras.models.load_model(request["model"], compile=False)

    def ready(place: int) -> Any:
        return (pixels[place][None] * request["scale"]).astype(np.float32)

    return (ready, model.predict_on_batch), None


_ENGINES: dict[str, Callable[[dict[str, Any], Any], tuple[Query, Query | None]]] = {
    "ai-edge-litert": open_interpreter,
    "tflite-runtime": open_interpreter,
    "mediapipe": open_mediapipe,
    "keras": open_keras,
}


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """What was asked for, as JSON types."""
    pixels = np.load(request["pixels"], mmap_mode="r")
    start = time.perf_counter()
    query, of_file = _ENGINES[request["engine"]](request, pixels)
    loaded = time.perf_counter()
    ready, run = query
    first = ready(0)
    asked = time.perf_counter()
    run(first)
    first_ms = (time.perf_counter() - asked) * 1e3
    for _ in range(request["warmup"] - 1):
        run(first)
    invoke_ms, outputs = timed(query, request, len(pixels))
    end_to_end_ms: list[float] = []
    if of_file is not None and request["files"]:
        end_to_end_ms, _ = timed(of_file, request, len(pixels))
    return {
        "software": f"{request['engine']} {importlib.metadata.version(request['engine'])}",
        "load_ms": (loaded - start) * 1e3,
        "first_ms": first_ms,
        "invoke_ms": invoke_ms,
        "end_to_end_ms": end_to_end_ms,
        "outputs": [float(np.ravel(output)[-1]) for output in outputs],
        "steady_mib": memory_mib("VmRSS"),
        "peak_mib": memory_mib("VmHWM"),
    }


def timed(query: Query, request: dict[str, Any], count: int) -> tuple[list[float], list[Any]]:
    """Latencies in milliseconds and outputs, one query after the other."""
    ready, run = query
    times_ms: list[float] = []
    outputs = []
    begin = time.perf_counter()
    while len(times_ms) < request["queries"] or time.perf_counter() - begin < request["min_s"]:
        given = ready((request["first"] + len(times_ms)) % count)
        start = time.perf_counter()
        output = run(given)
        times_ms.append((time.perf_counter() - start) * 1e3)
        outputs.append(output)
    return times_ms, outputs


def memory_mib(field: str) -> float | None:
    """Resident memory; None where the system hides it. See ``benchmarks.measure``."""
    try:
        status = Path("/proc/self/status").read_text(encoding="utf-8")
    except OSError:
        return None
    lines = (line.split() for line in status.splitlines() if line.startswith(field + ":"))
    return next((int(words[1]) / 1024 for words in lines), None)


def main() -> None:
    """Answer the request on stdin."""
    result = answer(json.load(sys.stdin))
    sys.stdout.write("\n" + json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
