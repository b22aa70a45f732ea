"""Decodes the next pictures in a thread while the caller works on the last one."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from edge_runtime.errors import InputError

Picture = TypeVar("Picture")
Decoded = TypeVar("Decoded")


def decode_ahead(
    pictures: Iterable[Picture], decode: Callable[[Picture], Decoded], *, ahead: int = 2
) -> Generator[tuple[Picture, Decoded | InputError], None, None]:
    """Each picture with what became of it, or with the reason why nothing did, in order.

    When the caller stops early, the one at work is finished and no further one is begun. Not for
    pictures that come in over time: one is handed out when those ahead of it are known.

    Args:
        pictures: Names or contents.
        decode: Works in the thread; lets go of Python's lock where it decodes, as Pillow does.
        ahead: Pictures that are decoded, or waited for, beyond the one in the caller's hands.
    """
    waiting: deque[tuple[Picture, Future[Decoded | InputError]]] = deque()
    thread = ThreadPoolExecutor(1, thread_name_prefix="decode")
    try:
        for picture in pictures:
            waiting.append((picture, thread.submit(_outcome, decode, picture)))
            if len(waiting) > ahead:
                yield _finished(waiting)
        while waiting:
            yield _finished(waiting)
    finally:
        thread.shutdown(cancel_futures=True)


def _outcome(decode: Callable[[Picture], Decoded], picture: Picture) -> Decoded | InputError:
    try:
        return decode(picture)
    except InputError as error:
        return error


def _finished(
    waiting: "deque[tuple[Picture, Future[Decoded | InputError]]]",
) -> tuple[Picture, Decoded | InputError]:
    picture, future = waiting.popleft()
    return picture, future.result()
