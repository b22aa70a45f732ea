"""The published baseline without any cache: each epoch decodes, augments and runs the network."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.training_pictures import Subset
from edge_runtime.console import progress
from edge_runtime.contract.preprocess import Preprocessing, preprocess
from edge_runtime.evaluation import roc_auc
from trainer import blog
from trainer.augmentation import draw_parameters
from trainer.config import FitConfig
from trainer.epoch_plan import EpochPlan
from trainer.made_ahead import Wait, made_ahead
from trainer.model import build_network

Indices = npt.NDArray[np.int_]
Batch = tuple[Indices, Indices]
Inputs = dict[str, npt.NDArray[np.float32]]
# Batches that Keras' generators hold ready, made by one thread.
_BATCHES_AHEAD = 10


@dataclass(frozen=True, kw_only=True)
class BlogEpoch:
    """One epoch.

    Attributes:
        total_s: Training and validation.
        wait_s: Of that, waiting for decoded pictures.
        valid_auc: ROC-AUC of the validation pictures at its end.
    """

    total_s: float
    wait_s: float
    valid_auc: float


class BlogTraining:
    """The baseline in training, an epoch at a time."""

    def __init__(self, keras: Any, config: FitConfig, subset: Subset) -> None:
        keras.utils.set_random_seed(config.seed)
        self._keras = keras
        self._subset = subset
        self._seed = config.seed
        self._spec = Preprocessing(size_hw=(config.image_size, config.image_size))
        self._plan = EpochPlan(
            labels=subset.labels,
            train=subset.train,
            imbalance="class-weights",
            views=0,
            seed=config.seed,
        )
        self._whole, self._plain = _build(keras, config)
        self._wait = Wait()

    def warm_up(self) -> float:
        """Compile a training step and a prediction, and leave the weights as they were; seconds."""
        start = time.perf_counter()
        model = self._whole
        model.optimizer.build(model.trainable_variables)
        variables = [*model.trainable_variables, *model.optimizer.variables]
        kept = [self._keras.ops.convert_to_numpy(variable) for variable in variables]
        batches = list(self._plan.batches(0, blog.BATCH_SIZE))
        valid = self._valid_batches()
        # A batch of another size is compiled anew.
        for indices, views in {len(batch[0]): batch for batch in batches}.values():
            self._step(indices, self._decoded(indices, views))
        for indices, views in {len(batch[0]): batch for batch in valid}.values():
            self._plain.predict_on_batch(self._decoded(indices, views)["pixels"])
        for variable, value in zip(variables, kept, strict=True):
            variable.assign(value)
        return time.perf_counter() - start

    def epoch(self, number: int) -> BlogEpoch:
        """Train and validate.

        Args:
            number: From 0.
        """
        start, self._wait = time.perf_counter(), Wait()
        batches = list(self._plan.batches(number, blog.BATCH_SIZE))
        steps = progress(self._ahead(batches), len(batches), "baseline, steps")
        for (indices, _), inputs in steps:
            self._step(indices, inputs)
        shares = [
            np.asarray(self._plain.predict_on_batch(inputs["pixels"]), np.float64)
            for _, inputs in self._ahead(self._valid_batches())
        ]
        labels = self._subset.labels[self._subset.valid]
        valid_auc = roc_auc(labels, np.concatenate(shares)[:, 1])
        total_s = time.perf_counter() - start
        return BlogEpoch(total_s=total_s, wait_s=self._wait.seconds, valid_auc=valid_auc)

    def _step(self, indices: Indices, inputs: Inputs) -> None:
        self._whole.train_on_batch(inputs, self._subset.labels[indices])

    def _valid_batches(self) -> list[Batch]:
        valid = self._subset.valid
        parts = [valid[i : i + blog.BATCH_SIZE] for i in range(0, len(valid), blog.BATCH_SIZE)]
        return [(part, np.zeros_like(part)) for part in parts]

    def _ahead(self, batches: Sequence[Batch]) -> Iterator[tuple[Batch, Inputs]]:
        """Batches with their inputs; counts the time in which the next one is not ready."""
        inputs = ((batch, self._decoded(*batch)) for batch in batches)
        return made_ahead(inputs, ahead=_BATCHES_AHEAD, wait=self._wait)

    def _decoded(self, indices: Indices, views: Indices) -> Inputs:
        pictures = [self._subset.pictures[i] for i in indices]
        pixels = [
            preprocess((self._subset.folder / picture.file).read_bytes(), self._spec)
            for picture in pictures
        ]
        drawn = draw_parameters(
            blog.RANGES,
            [picture.sha256 for picture in pictures],
            views=views,
            seed=self._seed,
            size=self._spec.size_hw[0],
        )
        return {"pixels": np.stack(pixels).astype(np.float32), "transform": drawn["transform"]}


def _build(keras: Any, config: FitConfig) -> tuple[Any, Any]:
    """The compiled model with augmentation, and the same without it for validation."""
    network = build_network(
        keras,
        weights=config.weights,
        cut=config.cut,
        image_size=config.image_size,
        scaling="unit",
    )
    head = blog.build_blog_head(keras, network.features.output.shape[-1])
    pixels = keras.Input((config.image_size, config.image_size, 3), name="pixels")
    transform = keras.Input((8,), name="transform")
    # The trainer's augmenter would also compute colours, which the baseline leaves alone.
    moved = keras.ops.image.affine_transform(
        pixels,
        transform,
        interpolation="bilinear",
        fill_mode="nearest",
        data_format="channels_last",
    )
    inputs = {"pixels": pixels, "transform": transform}
    whole = keras.Model(inputs, head(network.features(moved)))
    whole.compile(optimizer=head.optimizer, loss=head.loss)
    return whole, keras.Model(network.features.input, head(network.features.output))
