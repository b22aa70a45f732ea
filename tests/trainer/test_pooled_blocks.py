"""Features from several blocks: what they are, and that both stages see the same."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("keras", reason="needs the train extra")

from edge_runtime.errors import DatasetError
from trainer.augmentation import AugmentationRanges, build_augmenter
from trainer.backend import import_keras
from trainer.config import FitConfig
from trainer.model import Network, attach_head, build_network, set_free
from trainer.standardisation import Standardisation

pytestmark = pytest.mark.tensorflow

SIZE = 80


@pytest.fixture(scope="module")
def keras() -> Any:
    return import_keras()


@pytest.fixture(scope="module", params=[False, True], ids=["whole", "whole and middle"])
def network(keras: Any, request: pytest.FixtureRequest) -> Network:
    keras.utils.set_random_seed(0)
    return build_network(
        keras,
        weights="none",
        cut="mixed2",
        image_size=SIZE,
        pool_from="mixed0",
        pool_middle=request.param,
    )


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (3, SIZE, SIZE, 3)).astype(np.float32)


def test_features_are_the_means_of_every_block_from_the_first_to_the_cut(
    network: Network, pixels: np.ndarray
) -> None:
    maps = network.base.predict_on_batch(pixels / 127.5 - 1)
    assert [block.shape[-1] for block in maps] == [256, 288, 288]
    assert {block.shape[1] for block in maps} == {7}
    areas = [*maps, *(block[:, 1:6, 1:6] for block in maps)] if network.pool_middle else maps
    means = np.concatenate([area.mean(axis=(1, 2)) for area in areas], axis=1)
    np.testing.assert_allclose(network.features.predict_on_batch(pixels), means, atol=1e-4)


def test_free_blocks_compute_what_the_whole_network_computes(
    keras: Any, network: Network, pixels: np.ndarray
) -> None:
    augmenter = build_augmenter(keras, SIZE, AugmentationRanges())
    tunable = set_free(keras, network, augmenter, unfreeze="mixed1", widths=(1,), dropout=0.4)
    width = network.features.output.shape[1]
    head = [(np.random.default_rng(1).normal(0, 0.1, (width, 1)), np.array([0.5]))]
    rng = np.random.default_rng(2)
    features = rng.normal(1, 2, (9, width)).astype(np.float32)
    tunable.set_head(head, Standardisation.of([features]))
    np.testing.assert_allclose(tunable.head()[0][0], head[0][0], rtol=1e-5)
    np.testing.assert_allclose(tunable.head()[0][1], head[0][1], rtol=1e-4)
    below, *_ = network.base.predict_on_batch(pixels / 127.5 - 1)
    stored = tunable.top.predict_on_batch(below)[:, 0]
    whole = attach_head(keras, network.features, head).predict_on_batch(pixels)[:, 0]
    np.testing.assert_allclose(1 / (1 + np.exp(-stored)), whole, atol=1e-5)


@pytest.mark.parametrize(
    ("cut", "pool_from", "first"),
    [
        ("mixed8", "", "mixed6"),
        ("mixed5", "mixed2", "mixed3"),
        ("mixed5", "mixed0", "mixed1"),
        ("mixed5", "mixed5", "mixed3"),
        ("mixed0", "mixed0", None),
    ],
)
def test_the_first_free_block_is_at_most_the_one_above_the_first_pooled(
    cut: str, pool_from: str, first: str | None
) -> None:
    config = FitConfig(data=Path("data"), cut=cut, pool_from=pool_from)
    assert config.first_free_block == first


@pytest.mark.parametrize(
    "options",
    [
        {"cut": "mixed5", "pool_from": "mixed6"},
        {"cut": "mixed5", "pool_from": "mixed2", "unfreeze": "mixed4"},
        {"augmentation": "none"},
        {"recipe": "blog", "pool_from": "mixed2"},
        {"recipe": "blog", "pool_middle": True},
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(DatasetError, match="Received"):
        FitConfig(data=Path("data"), **options)


@pytest.mark.parametrize(
    ("options", "views"),
    [
        ({}, 4),
        ({"augmentation": "full"}, 0),
        ({"unfreeze": "none"}, 4),
        ({"recipe": "blog", "augmentation": "full"}, 4),
    ],
)
def test_stage_1_learns_from_views_that_keep_colour_and_detail(
    options: dict[str, str], views: int
) -> None:
    assert FitConfig(data=Path("data"), views=4, **options).stage_1_views == views
