"""Time by operator: how much longer a file takes that ends one block later.

The runtimes tell Python no operator's time. What they tell is how long a whole file takes; so the
file is ended after each block, and a block's time is the difference to the file that ends before
it. Nothing of the runtime is changed or slowed by being watched.
"""

import importlib
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.operator_blocks import Block, blocks_of, ended_after
from edge_runtime.console import progress
from edge_runtime.native_output import native_output_hidden

_WARMUP = 2


@dataclass(frozen=True, kw_only=True)
class BlockTime:
    """What a block takes.

    Attributes:
        name: Kind of the operator, or the module's name.
        operators: How many of each kind.
        macs: Multiplications with addition.
        ms: Milliseconds, median of the rounds; near zero it may come out below it.
        low_ms: Least of the rounds.
        high_ms: Most.
    """

    name: str
    operators: str
    macs: int
    ms: float
    low_ms: float
    high_ms: float


@dataclass(frozen=True, kw_only=True)
class OperatorTimes:
    """Time by block of one file.

    Attributes:
        file: Its name.
        whole_ms: An inference with the whole file, median of the rounds.
        blocks: In the order in which they are computed.
    """

    file: str
    whole_ms: float
    blocks: tuple[BlockTime, ...]


def measure_operators(model: Path, *, threads: int, rounds: int, queries: int) -> OperatorTimes:
    """Measure a file of the processor with ai-edge-litert.

    Args:
        model: A ``.tflite`` file, sealed or not.
        threads: Of one inference.
        rounds: Each measures every block once; at least 1.
        queries: Inferences of each block in each round; at least 1.

    Raises:
        ConversionError: If the file cannot be read or ended in between.
    """
    content = model.read_bytes()
    blocks = blocks_of(content)
    rows: list[list[float]] = []
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{block.last}.tflite" for block in blocks]
        for file, block in zip(files, blocks, strict=True):
            file.write_bytes(ended_after(content, block.last))
        turns = [file for _ in range(rounds) for file in files]
        for file in progress(turns, len(turns), f"{model.name}, blocks"):
            if file == files[0]:
                rows.append([])
            rows[-1].append(_invoke_ms(file, threads, queries))
    return OperatorTimes(
        file=model.name,
        whole_ms=statistics.median(row[-1] for row in rows),
        blocks=tuple(_block_time(block, place, rows) for place, block in enumerate(blocks)),
    )


def _block_time(block: Block, place: int, rows: list[list[float]]) -> BlockTime:
    # Within a round the two files are measured one after the other.
    steps = [row[place] - (row[place - 1] if place else 0.0) for row in rows]
    return BlockTime(
        name=block.name,
        operators=block.operators,
        macs=block.macs,
        ms=statistics.median(steps),
        low_ms=min(steps),
        high_ms=max(steps),
    )


def _invoke_ms(file: Path, threads: int, queries: int) -> float:
    """Median of single inferences, without setting the input or reading the output."""
    invoke = _loaded(file, threads)
    for _ in range(_WARMUP):
        invoke()
    times_ms = []
    for _ in range(queries):
        start = time.perf_counter()
        invoke()
        times_ms.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times_ms)


def _loaded(file: Path, threads: int) -> Callable[[], None]:
    module = importlib.import_module("ai_edge_litert.interpreter")
    with native_output_hidden():
        interpreter = module.Interpreter(model_path=str(file), num_threads=threads)
        interpreter.allocate_tensors()
    (given,) = interpreter.get_input_details()
    pixels = np.random.default_rng(0).integers(0, 256, given["shape"])
    interpreter.set_tensor(given["index"], pixels.astype(given["dtype"]))
    invoke: Callable[[], None] = interpreter.invoke
    return invoke
