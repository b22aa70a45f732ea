"""Several interpreters of one file that share pictures: quicker than one with several threads."""

import queue
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from edge_runtime.contract.preprocess import Pixels
from edge_runtime.interpreter import load_runner
from edge_runtime.runner import Runner
from edge_runtime.self_test import logit_of
from edge_runtime.thread_choice import available_cores

RUNTIME = "ai-edge-litert"  # the one that has both kernel families
_MOST_RUNNERS = 8  # each holds the network once more

Item = TypeVar("Item")


def load_runners(path: Path, *, optimized: bool = True) -> tuple[Runner, ...]:
    """An interpreter a core, of one thread each.

    Args:
        path: A ``.tflite`` file, with or without a card.
        optimized: Whether XNNPACK computes, else the built-in kernels.
    """
    return tuple(
        load_runner(path, runtime=RUNTIME, optimized=optimized, threads=1)
        for _ in range(min(available_cores(), _MOST_RUNNERS))
    )


def logits_of(
    runners: Sequence[Runner], items: Iterable[Item], prepare: Callable[[Item], Pixels]
) -> Generator[float, None, None]:
    """The logit of each item, in their order, as they become known.

    Args:
        runners: Of one file, at least one.
        items: What to score.
        prepare: Makes uint8 pixels (H, W, 3) of an item; called in several threads.
    """
    free: queue.SimpleQueue[Runner] = queue.SimpleQueue()
    for runner in runners:
        free.put(runner)

    def logit(item: Item) -> float:
        pixels = prepare(item)
        runner = free.get()
        try:
            return logit_of(runner, pixels)
        finally:
            free.put(runner)

    pool = ThreadPoolExecutor(len(runners))
    try:
        yield from pool.map(logit, items)
    finally:
        pool.shutdown(cancel_futures=True)
