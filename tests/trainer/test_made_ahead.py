"""Inputs that a thread makes ahead: in order, few at a time, errors in their place."""

import threading
import time
from collections.abc import Iterator

import pytest

from trainer.made_ahead import Wait, made_ahead


def test_items_come_in_order_from_one_thread_a_few_ahead() -> None:
    taken, threads = [], set()

    def source() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            threads.add(threading.current_thread().name)
            yield number

    items = made_ahead(source(), ahead=3)
    assert [next(items) for _ in range(5)] == [0, 1, 2, 3, 4]
    items.close()  # type: ignore[attr-defined]
    assert len(taken) <= 5 + 3
    assert len(threads) == 1
    assert threading.current_thread().name not in threads
    assert not [one for one in threading.enumerate() if one.name.startswith("made-ahead")]


def test_nothing_gives_nothing_and_falsy_items_are_items() -> None:
    assert list(made_ahead([])) == []
    assert list(made_ahead([0, None, ""])) == [0, None, ""]


def test_an_error_comes_where_its_item_would() -> None:
    def source() -> Iterator[int]:
        yield 1
        yield 2
        raise OSError("disk gone")

    items = made_ahead(source())
    assert [next(items), next(items)] == [1, 2]
    with pytest.raises(OSError, match="disk gone"):
        next(items)


def test_the_next_is_made_while_the_caller_works() -> None:
    made = threading.Event()

    def source() -> Iterator[int]:
        yield 0
        made.set()
        yield 1

    items = made_ahead(source())
    assert next(items) == 0
    assert made.wait(timeout=30)
    assert list(items) == [1]


def test_waiting_is_added_up() -> None:
    def slow() -> Iterator[int]:
        for number in range(3):
            time.sleep(0.05)
            yield number

    wait = Wait(seconds=1.0)
    assert list(made_ahead(slow(), wait=wait)) == [0, 1, 2]
    assert wait.seconds >= 1.14  # all three sleeps but for what the clock rounds
