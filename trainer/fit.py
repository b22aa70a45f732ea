"""From a folder of labelled pictures to a run folder: division, training, operating point."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from edge_runtime.console import require_absent
from edge_runtime.contract.manifest import Picture
from trainer.backend import import_keras, use_accelerator
from trainer.bundle import FittedModel, write_run
from trainer.calibrate import calibrate
from trainer.checkpoint import Row
from trainer.config import FitConfig
from trainer.cross_validation import OutOfFold, cross_validate
from trainer.distribution import Distribution, start_distribution
from trainer.division import Division, divide, final_split
from trainer.groups import grouped_by
from trainer.model import Network, attach_head, build_network
from trainer.prepare import Prepared, prepare
from trainer.stages import Trained, train_split, training_key
from trainer.tensorboard_log import epoch_logger
from trainer.weights import describe_weights

TrainSplit = Callable[[int | None, Sequence[Picture]], Trained]


def fit(config: FitConfig, out: Path, *, resume: bool = True) -> dict[str, Any] | None:
    """Train a model and write its run folder.

    The work lies in ``<out>.partial`` until it is whole. Of several workers, which all need to
    see that folder, the first writes; the others keep what is frozen in folders of their own.

    Args:
        config: Options.
        out: Folder to make.
        resume: Go on with what an interrupted run with the same options left.

    Returns:
        Metrics by split, as in ``metrics.json``; None from a worker that is not the first.

    Raises:
        DeviceError: If devices or workers are not there.
        OutputExistsError: If ``out`` exists.
        LeakageError: If pictures lie across given splits and that is not allowed.
        DatasetError: If the data set or its split is unsound.
    """
    require_absent(out)
    work = out.with_name(out.name + ".partial")
    initial_weights = describe_weights(config.weights)
    division = divide(config)
    keras = import_keras()
    distribution = start_distribution(keras, devices=config.devices, place=config.place)
    mixed = use_accelerator(keras)
    frozen_folder = work
    if not distribution.writes_files:
        frozen_folder = out.with_name(f"{out.name}.worker-{distribution.worker}.partial")
    for folder in {work, frozen_folder}:
        if not resume:
            shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
    prepared = prepare(
        keras, config, division.folds[0], division.pixels, division.trained_on, frozen_folder
    )
    train = _trainer(keras, config, prepared, work, distribution)
    crossed = _crossed(config, division, prepared, frozen_folder, train)
    pictures = final_split(config, division)
    trained = train(None, pictures)
    if not distribution.writes_files:
        shutil.rmtree(frozen_folder)
        return None
    network = _in_float32(keras, config, prepared.network) if mixed else prepared.network
    fitted = _fitted(config, division, pictures, trained, initial_weights, crossed)
    model = attach_head(keras, network.features, trained.layers)
    return write_run(config, fitted, model, keras=keras, work=work, out=out)


def _crossed(
    config: FitConfig, division: Division, prepared: Prepared, work: Path, train: TrainSplit
) -> dict[str, OutOfFold]:
    if not config.folds:
        return {}
    return cross_validate(config, division.folds, work, training_key(config, prepared), train)


def _trainer(
    keras: Any, config: FitConfig, prepared: Prepared, work: Path, distribution: Distribution
) -> TrainSplit:
    def train(fold: int | None, pictures: Sequence[Picture]) -> Trained:
        name = "final" if fold is None else f"fold_{fold}"
        # All workers begin with the same state, so all read the one that the first wrote.
        checkpoint = work / f"checkpoint_{name}.npz"
        log_folder = work / "tensorboard" / name
        trained = train_split(
            keras,
            config,
            prepared,
            pictures,
            checkpoint=checkpoint,
            log_epoch=epoch_logger(log_folder) if distribution.writes_files else _no_log,
            distribution=distribution,
        )
        if fold is not None and distribution.writes_files:
            checkpoint.unlink(missing_ok=True)
        return trained

    return train


def _no_log(_: Row) -> None:
    """Of several workers, only the first logs."""


def _fitted(
    config: FitConfig,
    division: Division,
    pictures: Sequence[Picture],
    trained: Trained,
    initial_weights: str,
    crossed: dict[str, OutOfFold],
) -> FittedModel:
    calibrated = calibrate(trained.logits, pictures, config.target)
    return FittedModel(
        folder=division.dataset.folder,
        trained=trained,
        pictures=calibrated.pictures,
        unusable=division.unusable,
        temperature=calibrated.temperature,
        operating_point=calibrated.operating_point,
        initial_weights=initial_weights,
        grouped_by=grouped_by(division.dataset.pictures, division.leakage.clusters),
        leaked_pictures=division.leakage.leaked_pictures,
        out_of_fold=crossed,
    )


def _in_float32(keras: Any, config: FitConfig, trained: Network) -> Network:
    """The network as it is saved: mixed precision is for training alone."""
    keras.mixed_precision.set_dtype_policy("float32")
    whole = build_network(
        keras,
        weights="none",
        cut=config.cut,
        image_size=config.image_size,
        pool_from=trained.pool_from,
        pool_middle=trained.pool_middle,
        scaling=trained.scaling,
    )
    whole.base.set_weights(trained.base.get_weights())
    return whole
