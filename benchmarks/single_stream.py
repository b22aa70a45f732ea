"""One query after the other: MLPerf's SingleStream scenario, arXiv:1911.02549."""

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

Q = TypeVar("Q")
A = TypeVar("A")


def ask_in_turn(
    answer: Callable[[Q], A], queries: Sequence[Q], *, count: int, min_s: float
) -> list[A]:
    """The answers to single queries, each asked as soon as the one before is answered.

    Args:
        answer: Answers a query.
        queries: At least one; begun anew after the last.
        count: Queries to ask at least.
        min_s: Seconds to go on for at least.
    """
    answers: list[A] = []
    begin = time.perf_counter()
    while len(answers) < count or time.perf_counter() - begin < min_s:
        answers.append(answer(queries[len(answers) % len(queries)]))
    return answers
