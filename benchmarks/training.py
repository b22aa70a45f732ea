"""One benchmark of training from pictures to results: what computing the frozen part once saves."""

import datetime as dt
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.environment import describe_environment, load_average
from benchmarks.training_pictures import Subset, choose_subset
from benchmarks.training_results import (
    SCHEMA_VERSION,
    TrainingPictures,
    TrainingResults,
    TrainingSettings,
)
from benchmarks.training_stage_1 import measure_stage_1
from benchmarks.training_stage_2 import measure_full, measure_stage_2
from edge_runtime.console import display_name, log
from edge_runtime.contract.card import NOTICE
from edge_runtime.contract.manifest import manifest_sha256
from trainer import blog
from trainer.backend import backend_versions, gpu_count, import_keras, use_accelerator
from trainer.config import FitConfig
from trainer.weights import describe_weights

# One folder a graphics processor, where NVIDIA's driver is.
_NVIDIA = Path("/proc/driver/nvidia/gpus")


@dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    """What to measure and how.

    Attributes:
        config: The trainer's options; its first free block and its cache do not matter.
        unfreeze: First free blocks to measure stage 2 with.
        pictures: How many to train and validate on.
        repeats: Of everything that is compared, at least 2.
    """

    config: FitConfig
    unfreeze: Sequence[str]
    pictures: int
    repeats: int


def run_training_benchmark(options: TrainingOptions) -> TrainingResults:
    """Measure both stages with and without what the trainer keeps.

    Caches and activations lie in a temporary folder meanwhile.

    Raises:
        DatasetError: If the data set or an option is unsound, or the disk is full.
        WeightsError: If the weights cannot be had.
        MissingDependencyError: If Keras or its backend is not installed.
    """
    created = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    load_before = load_average()
    config, repeats = options.config, options.repeats
    initial_weights = describe_weights(config.weights)
    # Each block is checked before anything is measured.
    configs = [replace(config, unfreeze=block) for block in options.unfreeze]
    keras = import_keras()
    with tempfile.TemporaryDirectory(prefix="melanoma-bench-") as folder:
        work = Path(folder)
        subset = choose_subset(config, options.pictures, work / "cache")
        log.info("pictures: %d training, %d validation", len(subset.train), len(subset.valid))
        use_accelerator(keras)
        stage_1, same_auc = measure_stage_1(keras, config, subset, work, repeats)
        stage_2 = tuple(measure_stage_2(keras, one, subset, work, repeats) for one in configs)
        full = measure_full(keras, config, subset, work, repeats)
    return TrainingResults(
        schema_version=SCHEMA_VERSION,
        created=created,
        pictures=_record(config, subset),
        settings=_settings(options, initial_weights),
        stage_1=stage_1,
        same_auc=same_auc,
        stage_2=stage_2,
        full=full,
        gpus=_gpu_names(keras),
        backend=backend_versions(keras),
        environment=describe_environment(load_before),
        notice=NOTICE,
    )


def _record(config: FitConfig, subset: Subset) -> TrainingPictures:
    return TrainingPictures(
        data=display_name(Path(config.data.resolve().name)),
        train=len(subset.train),
        valid=len(subset.valid),
        positive=int(subset.labels.sum()),
        unusable=subset.unusable,
        sha256=manifest_sha256(subset.pictures),
    )


def _settings(options: TrainingOptions, weights: str) -> TrainingSettings:
    config = options.config
    return TrainingSettings(
        weights=weights,
        cut=config.cut,
        pool_from=config.pool_from or config.cut,
        pool_middle=config.pool_middle,
        image_size=config.image_size,
        head=config.head,
        batch_size=config.batch_size,
        blog_batch_size=blog.BATCH_SIZE,
        views=config.views,
        repeats=options.repeats,
        seed=config.seed,
    )


def _gpu_names(keras: Any) -> tuple[str, ...]:
    """A name for each GPU that the backend sees; ``GPU`` where the driver does not tell."""
    models = []
    for path in sorted(_NVIDIA.glob("*/information")):
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        models += [line.partition(":")[2].strip() for line in lines if line.startswith("Model:")]
    count = gpu_count(keras)
    return tuple(models) if len(models) == count else ("GPU",) * count
