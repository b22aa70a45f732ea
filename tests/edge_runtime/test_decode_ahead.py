"""Pictures decoded ahead keep their order and their errors, and never run far ahead."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.decode_ahead import decode_ahead
from edge_runtime.errors import InputError


def half(number: int) -> int:
    if number % 2:
        raise InputError(f"expected an even number. Received: {number}")
    return number // 2


@given(numbers=st.lists(st.integers(0, 99), max_size=20), ahead=st.integers(0, 5))
def test_each_gets_its_own_outcome_in_order(numbers: list[int], ahead: int) -> None:
    outcomes = list(decode_ahead(numbers, half, ahead=ahead))
    assert [number for number, _ in outcomes] == numbers
    for number, outcome in outcomes:
        assert (outcome == number // 2) if number % 2 == 0 else str(number) in str(outcome)


@given(ahead=st.integers(0, 4), taken=st.integers(1, 10))
def test_no_more_is_begun_than_asked_for(ahead: int, taken: int) -> None:
    begun: list[int] = []
    outcomes = decode_ahead(range(100), lambda number: begun.append(number), ahead=ahead)
    for _ in range(taken):
        next(outcomes)
    outcomes.close()
    assert taken <= len(begun) <= taken + ahead


def test_the_next_is_decoded_while_the_caller_works() -> None:
    begun = [threading.Event() for _ in range(3)]
    outcomes = decode_ahead(begun, threading.Event.set)
    next(outcomes)
    assert all(event.wait(20) for event in begun)
    assert len(list(outcomes)) == 2


def test_other_errors_are_raised_and_leave_no_thread() -> None:
    before = threading.active_count()
    with pytest.raises(ZeroDivisionError):
        list(decode_ahead([1, 0], lambda number: 1 / number))
    assert threading.active_count() == before
