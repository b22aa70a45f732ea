"""Rows of features: the same ones, a block or any few at a time."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np


def test_single_rows_are_those_of_the_blocks(rows_of: Callable[..., Any]) -> None:
    pictures, views = 7, 2
    features = np.arange((views + 1) * pictures * 3, dtype=np.float32).reshape(-1, 3)
    labels = np.arange(pictures) % 2
    every = rows_of(features, labels, views=views)
    some = replace(every, indices=np.array([5, 0, 3]))
    in_blocks = np.concatenate(list(some.features()))
    assert len(in_blocks) == len(some.row_labels) == 9
    numbers = np.random.default_rng(0).permutation(9)
    np.testing.assert_array_equal(some.rows(numbers), in_blocks[numbers])
