"""What training takes next, made by a thread while the last is computed with."""

import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")
_END = object()


@dataclass
class Wait:
    """How long the caller has waited, all in all.

    Attributes:
        seconds: 0 or more.
    """

    seconds: float = 0.0


def made_ahead(items: Iterable[T], *, ahead: int = 2, wait: Wait | None = None) -> Iterator[T]:
    """The items in order; one thread takes them from the iterable before they are asked for.

    When the caller stops early, the one at work is finished and no further one is begun.

    Args:
        items: Taken in one thread, one after the other; an error comes where its item would.
        ahead: Items that are made, or in the making, beyond the one in the caller's hands.
        wait: Is added to.
    """
    wait = wait or Wait()
    source = iter(items)
    pool = ThreadPoolExecutor(1, thread_name_prefix="made-ahead")
    try:
        waiting = deque(pool.submit(next, source, _END) for _ in range(ahead))
        while True:
            start = time.perf_counter()
            item = waiting.popleft().result()
            wait.seconds += time.perf_counter() - start
            if item is _END:
                return
            waiting.append(pool.submit(next, source, _END))
            yield item  # type: ignore[misc]  # next() gives a T where it does not give _END
    finally:
        pool.shutdown(cancel_futures=True)
