"""What all trainings of a run share and is computed once: pixels, features, activations."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.contract.labels import Labels
from edge_runtime.contract.manifest import Picture
from edge_runtime.contract.preprocess import Preprocessing
from trainer import blog
from trainer.augmentation import AUGMENTATIONS, AugmentationRanges, build_augmenter
from trainer.config import FitConfig
from trainer.feed import Feed, PictureFeed, StoredFeed
from trainer.frozen import FrozenJob, FrozenOutputs, compute_frozen
from trainer.head import HEADS
from trainer.model import Network, Tunable, build_network, set_free
from trainer.pixel_cache import CachedPixels, default_root, open_pixel_cache
from trainer.weights import describe_weights

FROZEN_FILES = tuple(
    f"{name}.{kind}" for name in ("features", "activations") for kind in ("json", "npy")
)


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """Ready for the training of any split of the pictures.

    Attributes:
        network: InceptionV3 up to its pooled features.
        features: Pooled features of every picture, and of the views that stage 1 learns from.
        tunable: Network with free blocks and a head; None without stage 2.
        feed: Where stage 2 takes its inputs from; None without it.
        initial: Weights that stage 2 of each split begins with; empty without it.
        labels: 0 or 1 of all pictures (n,).
        key: Names all that these depend on.
    """

    network: Network
    features: FrozenOutputs
    tunable: Tunable | None
    feed: Feed | None
    initial: list[npt.NDArray[Any]]
    labels: npt.NDArray[np.int_]
    key: str

    @property
    def model(self) -> Any:
        """What stage 2 trains: the top on stored activations, or the whole on pixels."""
        if self.tunable is None:
            return None
        return self.tunable.top if isinstance(self.feed, StoredFeed) else self.tunable.live


def open_pixels(
    config: FitConfig, folder: Path, pictures: Sequence[Picture]
) -> tuple[CachedPixels, dict[str, str]]:
    """Decoded pixels of the pictures; and why, by file, for each that is unusable."""
    spec = Preprocessing(size_hw=(config.image_size, config.image_size))
    return open_pixel_cache(folder, pictures, spec, root=config.cache or default_root())


def prepare(
    keras: Any,
    config: FitConfig,
    pictures: Sequence[Picture],
    pixels: CachedPixels,
    augmented: npt.NDArray[np.int_],
    work: Path,
) -> Prepared:
    """Compute what is frozen.

    Args:
        keras: The keras package.
        config: Options.
        pictures: Usable pictures, in the order of ``pixels``.
        pixels: Their pixels.
        augmented: Indices of pictures that are trained on in some split.
        work: Folder that keeps what is computed.
    """
    # Before the network is built: random weights must be the same ones when a run goes on.
    keras.utils.set_random_seed(config.seed)
    network = build_network(
        keras,
        weights=config.weights,
        cut=config.cut,
        image_size=config.image_size,
        pool_from=config.pool_from,
        pool_middle=config.pool_middle,
        scaling="unit" if config.recipe == "blog" else "signed",
    )
    live = _picture_feed(config, pictures, pixels)
    augmenter = build_augmenter(keras, config.image_size, live.ranges)
    tunable = _tunable(keras, config, network, augmenter)
    store = _Store(config, _key(config, pictures), len(pictures), augmented, work)
    feed: Feed | None = live if tunable else None
    if tunable and config.views:
        feed = StoredFeed(outputs=store.activations(tunable.trunk, live))
        features = store.features(tunable.pooled, feed)
    else:
        features_of = keras.Model(augmenter.inputs, network.features(augmenter.output))
        features = store.features(features_of, live)
    return Prepared(
        network=network,
        features=features,
        tunable=tunable,
        feed=feed,
        initial=tunable.top.get_weights() if tunable else [],
        labels=binary_labels(pictures),
        key=store.key,
    )


@dataclass(frozen=True)
class _Store:
    """Computes and keeps the outputs of frozen networks for the run's pictures."""

    config: FitConfig
    key: str
    pictures: int
    augmented: npt.NDArray[np.int_]
    folder: Path

    def activations(self, model: Any, feed: Feed) -> FrozenOutputs:
        """Half precision: what it rounds off is far below what augmentation changes."""
        return self._compute("activations", model, feed, np.float16, self.config.views)

    def features(self, model: Any, feed: Feed) -> FrozenOutputs:
        """With the views that stage 1 learns from."""
        return self._compute("features", model, feed, np.float32, self.config.stage_1_views)

    def _compute(
        self, name: str, model: Any, feed: Feed, dtype: type[np.floating[Any]], views: int
    ) -> FrozenOutputs:
        job = FrozenJob(
            name=name,
            folder=self.folder,
            key=self.key,
            pictures=self.pictures,
            augmented=self.augmented,
            views=views,
            batch_size=self.config.batch_size,
            dtype=dtype,
        )
        return compute_frozen(model, feed.batch, job)


def _picture_feed(
    config: FitConfig, pictures: Sequence[Picture], pixels: CachedPixels
) -> PictureFeed:
    return PictureFeed(
        pixels=pixels,
        contents=[picture.sha256 for picture in pictures],
        ranges=_ranges(config),
        seed=config.seed,
    )


def _ranges(config: FitConfig) -> AugmentationRanges:
    if config.recipe == "blog":
        return blog.RANGES
    return replace(AUGMENTATIONS[config.augmentation], hair=config.hair, vignette=config.vignette)


def _tunable(keras: Any, config: FitConfig, network: Network, augmenter: Any) -> Tunable | None:
    if config.first_free_block is None:
        return None
    return set_free(
        keras,
        network,
        augmenter,
        unfreeze=config.first_free_block,
        widths=HEADS[config.head],
        dropout=config.dropout,
    )


def binary_labels(pictures: Sequence[Picture]) -> npt.NDArray[np.int_]:
    """1 for the positive label, 0 for the other; shape (n,)."""
    return np.array([int(picture.label == Labels().positive) for picture in pictures])


def _key(config: FitConfig, pictures: Sequence[Picture]) -> str:
    settings = [
        config.recipe,
        config.first_free_block,
        config.pool_from,
        config.pool_middle,
        config.cut,
        config.image_size,
        describe_weights(config.weights),
        asdict(_ranges(config)),
        config.seed,
    ]
    files = [(picture.file, picture.sha256, picture.label) for picture in pictures]
    return hashlib.sha256(json.dumps([*settings, files]).encode()).hexdigest()
