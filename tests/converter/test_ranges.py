"""Integer ranges: whatever the order, wide enough, and one where a scale is shared."""

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from converter.ranges import METHODS, TensorRanges
from converter.shared_ranges import share_ranges

MODELS = Path(__file__).parents[2] / "models"


def ranges(lowest: list[list[float]], highest: list[list[float]]) -> TensorRanges:
    names = tuple(f"t{i}" for i in range(len(lowest[0])))
    return TensorRanges(tensors=names, lowest=np.array(lowest), highest=np.array(highest))


@given(
    st.lists(st.floats(-5, 0), min_size=3, max_size=40),
    st.randoms(use_true_random=False),
)
def test_the_order_of_the_pictures_changes_nothing(values: list[float], random) -> None:  # type: ignore[no-untyped-def]
    shuffled = values[:]
    random.shuffle(shuffled)
    for method in METHODS:
        joined = [
            ranges([[v] for v in some], [[-v] for v in some]).joined(method)
            for some in (values, shuffled)
        ]
        assert joined[0] == joined[1]


def test_min_max_covers_every_picture_and_percentile_leaves_one_in_many_out() -> None:
    highest = [[1.0]] * 199 + [[50.0]]
    measured = ranges([[0.0]] * 200, highest)
    assert measured.joined("min-max") == {"t0": (0.0, 50.0)}
    low, high = measured.joined("percentile")["t0"]
    assert (low, high) == (0.0, 1.0)


def test_a_picture_that_alone_stretches_a_range_is_named() -> None:
    highest = [[1.0, 2.0]] * 20
    highest[7] = [9.0, 2.0]
    assert ranges([[0.0, 0.0]] * 20, highest).outliers() == {7: 1}
    assert ranges([[0.0, 0.0]] * 2, highest[6:8]).outliers() == {}


def test_tensors_that_share_a_scale_get_one_range() -> None:
    from converter.flatbuffer import read_flatbuffer

    content = next(MODELS.glob("*_float16.tflite")).read_bytes()
    operators = read_flatbuffer(content).operators
    names = {tensor.name for operator in operators for tensor in operator.outputs}
    rng = np.random.default_rng(0)
    given_ranges = {name: (0.0, float(rng.uniform(1, 9))) for name in sorted(names)}
    shared = share_ranges(content, given_ranges)
    for operator in operators:
        if operator.name in ("CONCATENATION", "MAX_POOL_2D"):
            ends = [*operator.inputs, *operator.outputs]
            assert len({shared[t.name] for t in ends if t is not None and t.name in shared}) == 1
    assert all(shared[name][1] >= high for name, (_, high) in given_ranges.items())
