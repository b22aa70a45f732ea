"""Standardised features, and heads that compute the same of raw ones."""

import numpy as np
import pytest

from trainer.standardisation import Standardisation


@pytest.fixture
def features() -> np.ndarray:
    rng = np.random.default_rng(0)
    return (rng.normal(0, 1, (50, 4)) * [0.1, 3, 1, 0.2] + [5, -2, 0, 1]).astype(np.float32)


def test_standardised_features_have_mean_0_and_deviation_1(features: np.ndarray) -> None:
    standardised = Standardisation.of([features]).apply(features)
    np.testing.assert_allclose(standardised.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(standardised.std(axis=0), 1, atol=1e-3)


def test_it_is_the_same_in_blocks(features: np.ndarray) -> None:
    whole, parts = Standardisation.of([features]), Standardisation.of([features[:7], features[7:]])
    np.testing.assert_allclose(parts.mean, whole.mean, rtol=1e-6)
    np.testing.assert_allclose(parts.deviation, whole.deviation, rtol=1e-6)


@pytest.mark.parametrize("widths", [(1,), (3, 1)])
def test_a_head_computes_the_same_of_both(features: np.ndarray, widths: tuple[int, ...]) -> None:
    rng, scaling = np.random.default_rng(1), Standardisation.of([features])
    sides = (features.shape[1], *widths)
    layers = [
        (rng.normal(0, 1, (a, b)).astype(np.float32), rng.normal(0, 1, b).astype(np.float32))
        for a, b in zip(sides[:-1], widths, strict=True)
    ]
    raw = scaling.for_raw(layers)
    kernel, bias = layers[0]
    expected = scaling.apply(features) @ kernel + bias
    np.testing.assert_allclose(features @ raw[0][0] + raw[0][1], expected, atol=1e-3)
    assert len(raw) == len(layers)
    for back, given in zip(scaling.for_standardised(raw), layers, strict=True):
        np.testing.assert_allclose(back[0], given[0], atol=1e-4)
        np.testing.assert_allclose(back[1], given[1], atol=1e-3)


def test_a_feature_that_training_lacks_is_not_blown_up(features: np.ndarray) -> None:
    features[:, 2] = 0
    other = features.copy()
    other[:, 2] = 0.01
    assert np.abs(Standardisation.of([features]).apply(other)).max() < 10
