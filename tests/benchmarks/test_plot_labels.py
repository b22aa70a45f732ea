"""Names of points keep apart, in order, and near their points."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.plot_labels import spread_out

PLACES = st.lists(st.floats(0, 500), min_size=1, max_size=30).map(sorted)


@given(PLACES)
def test_names_are_a_step_apart_and_in_order(places: list[float]) -> None:
    spread = spread_out(np.array(places), 14.0, 0.0, 500.0)
    assert np.all(np.diff(spread) >= 14.0 - 1e-9)


@given(PLACES)
def test_names_stay_inside_if_they_have_room(places: list[float]) -> None:
    spread = spread_out(np.array(places), 10.0, 0.0, 500.0)
    assert spread[0] >= -1e-9
    assert spread[-1] <= 500 + 1e-9


def test_names_with_room_stand_at_their_points() -> None:
    places = np.array([10.0, 40.0, 90.0])
    assert np.allclose(spread_out(places, 14.0, 0.0, 100.0), places)
