"""After fine-tuning, the weights lie where validation is best between before and after."""

from typing import Any

import numpy as np
import pytest

pytest.importorskip("keras", reason="needs the train extra")

from trainer.backend import import_keras
from trainer.blend import SHARES, blend_weights

pytestmark = pytest.mark.tensorflow


@pytest.fixture
def model() -> Any:
    keras = import_keras()
    return keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="zeros")])


@pytest.mark.parametrize("wanted", SHARES)
def test_the_best_share_is_found_and_left_in_the_model(model: Any, wanted: float) -> None:
    before = model.get_weights()
    model.layers[-1].set_weights([np.array([[4.0]]), np.array([8.0])])

    def score() -> float:
        return -abs(float(model.layers[-1].get_weights()[0][0, 0]) - 4 * wanted)

    assert blend_weights(model, before, score) == wanted
    kernel, bias = model.layers[-1].get_weights()
    assert (float(kernel[0, 0]), float(bias[0])) == (4 * wanted, 8 * wanted)


def test_of_equals_the_most_tuned_is_kept(model: Any) -> None:
    before = model.get_weights()
    model.layers[-1].set_weights([np.array([[4.0]]), np.array([8.0])])
    assert blend_weights(model, before, lambda: 0.5) == 1.0
    assert model.layers[-1].get_weights()[1][0] == 8.0
