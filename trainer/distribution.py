"""Trains on several devices of a host and in several processes, over ``tf.distribute``.

Each step's batch is cut into a part for each replica; the gradients are those of the whole batch.
"""

import contextlib
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.console import log
from edge_runtime.errors import DeviceError


@dataclass(frozen=True, kw_only=True)
class WorkerPlace:
    """Which of several worker processes this one is.

    Attributes:
        addresses: ``HOST:PORT`` of every worker.
        index: Of this one, from 0.
    """

    addresses: tuple[str, ...]
    index: int


@dataclass(frozen=True, kw_only=True)
class Share:
    """This worker's part of a batch.

    Attributes:
        positions: Rows of the batch that the worker feeds (n,); the first may fill up the rest.
        factors: float32 (n,); what to multiply the sample weights with.
    """

    positions: npt.NDArray[np.int_]
    factors: npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """Where a model trains.

    Attributes:
        strategy: Of ``tf.distribute``; None for one device of one process.
        devices: That each worker trains on.
        workers: Processes that train together.
        worker: Index of this one.
    """

    strategy: Any = None
    devices: int = 1
    workers: int = 1
    worker: int = 0

    @property
    def replicas(self) -> int:
        """Parts that each batch is cut into."""
        return self.devices * self.workers

    @property
    def writes_files(self) -> bool:
        """Whether this process writes what all of them have computed."""
        return self.worker == 0

    @property
    def jit_compile(self) -> bool | str:
        """For ``Model.compile``: XLA cannot compile what speaks to other replicas."""
        return "auto" if self.strategy is None else False

    def scope(self) -> contextlib.AbstractContextManager[Any]:
        """Inside it, ``Model.compile`` and ``Optimizer.build`` make what every replica holds."""
        return contextlib.nullcontext() if self.strategy is None else self.strategy.scope()

    def replicate(self, keras: Any, model: Any) -> Any:
        """What to train in the place of a model: a copy that every replica holds.

        It starts with the model's weights. ``predict_on_batch`` computes in this process alone.

        Args:
            keras: The keras package.
            model: Functional model; returned as it is where nothing is distributed.
        """
        if self.strategy is None:
            return model
        with self.scope():
            copy = keras.models.clone_model(model)
        # Made outside of the scope: inside, predictions would be gathered from all workers.
        kind = _replicated_model(keras, self)
        replicated = kind(copy.inputs, copy.outputs[0], name=model.name)
        replicated.set_weights(model.get_weights())
        return replicated

    def share(self, count: int) -> Share:
        """Which rows of a batch of ``count`` this worker feeds.

        All replicas get equally many. Factors restore the mean over the whole batch, and are 0
        for rows that only fill up.
        """
        each = -(-count // self.replicas)
        rows = np.arange(each * self.devices) + self.worker * each * self.devices
        factor = each * self.replicas / count
        return Share(
            positions=np.where(rows < count, rows, 0),
            factors=np.where(rows < count, factor, 0).astype(np.float32),
        )


ALONE = Distribution()


def parse_worker_place(workers: str | None, worker: int | None) -> WorkerPlace | None:
    """Read the place of this process.

    Args:
        workers: ``HOST:PORT`` of every worker, separated by commas.
        worker: Index of this one, from 0.

    Returns:
        None where neither is given.

    Raises:
        ValueError: If only one is given, or they do not fit together.
    """
    if workers is None and worker is None:
        return None
    if workers is None or worker is None:
        raise ValueError(
            "expected the addresses of all workers and the index of this one. "
            f"Received: workers={workers!r}, worker={worker!r}. Give both, or neither."
        )
    addresses = tuple(address.strip() for address in workers.split(","))
    for address in addresses:
        host, _, port = address.rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) < 65536:
            raise ValueError(
                "expected HOST:PORT of every worker, separated by commas, such as "
                f"10.0.0.1:4001,10.0.0.2:4001. Received: address={address!r}."
            )
    if len(set(addresses)) < len(addresses):
        raise ValueError(
            f"expected another address for each worker. Received: workers={workers!r}. "
            "Give workers of one host different ports."
        )
    if not 0 <= worker < len(addresses):
        raise ValueError(
            f"expected a worker's index from 0 to {len(addresses) - 1}. "
            f"Received: worker={worker}. The first address is of worker 0."
        )
    return WorkerPlace(addresses=addresses, index=worker)


def start_distribution(
    keras: Any, *, devices: int = 1, place: WorkerPlace | None = None
) -> Distribution:
    """Connect to the devices and workers to train on.

    With several workers, call it before anything is computed; it waits until all have started.

    Args:
        keras: The keras package.
        devices: How many of this host's; GPUs where there are any.
        place: Of this process among the workers.

    Raises:
        DeviceError: If there are too few devices, or the backend cannot.
    """
    workers = len(place.addresses) if place else 1
    if devices < 1:
        raise DeviceError(f"expected at least one device. Received: devices={devices}.")
    if devices == 1 and workers == 1:
        return ALONE
    backend = keras.backend.backend()
    if backend != "tensorflow":
        raise DeviceError(
            "expected the TensorFlow backend for several devices or workers. "
            f"Received: backend={backend!r}, devices={devices}, workers={workers}. "
            "Unset KERAS_BACKEND, or train on one device."
        )
    if place is None or workers == 1:
        return Distribution(strategy=_mirrored(devices), devices=devices)
    strategy = _multi_worker(devices, place)
    return Distribution(strategy=strategy, devices=devices, workers=workers, worker=place.index)


def _mirrored(devices: int) -> Any:
    import tensorflow as tf

    found = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    names = [device.name for device in found]
    _require_devices(devices, names)
    return tf.distribute.MirroredStrategy(names[:devices])


def _multi_worker(devices: int, place: WorkerPlace) -> Any:
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    # TensorFlow counts all of a worker's CPU cores as one device.
    present = gpus or tf.config.list_physical_devices("CPU")[:1]
    _require_devices(devices, [device.name for device in present])
    log.info("worker %d waits for all of %s", place.index, ", ".join(place.addresses))
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec({"worker": list(place.addresses)}),
        task_type="worker",
        task_id=place.index,
        num_accelerators={"GPU": devices} if gpus else {},
        rpc_layer="grpc",
    )
    try:
        if gpus:
            tf.config.set_visible_devices(gpus[:devices], "GPU")
        with _ctrl_c_ends_the_process():
            return tf.distribute.MultiWorkerMirroredStrategy(cluster_resolver=resolver)
    except (RuntimeError, tf.errors.OpError) as error:
        raise DeviceError(
            f"expected all workers to meet at {', '.join(place.addresses)}. "
            f"Received: worker={place.index}, error={error}. "
            "Start each with its own index, in a process that has computed nothing yet."
        ) from error


@contextlib.contextmanager
def _ctrl_c_ends_the_process() -> Iterator[None]:
    # TensorFlow waits for absent workers without an end, and in native code.
    handler = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


def _require_devices(devices: int, present: list[str]) -> None:
    if devices > len(present):
        raise DeviceError(
            f"expected at most {len(present)} devices, which are here: {', '.join(present)}. "
            f"Received: devices={devices}. Ask for fewer."
        )


def _replicated_model(keras: Any, distribution: Distribution) -> Any:
    class Replicated(keras.Model):  # type: ignore[misc]
        """Trains on a worker's share of a batch, one part of it on each device."""

        def train_on_batch(
            self, x: Any, y: Any = None, sample_weight: Any = None, **options: Any
        ) -> Any:
            batch = _parts(keras, distribution, (x, y, sample_weight))
            with _stopped_worker_explained(distribution):
                with distribution.scope():
                    super().train_on_batch(*batch, **options)
                # What a step returns are means over the parts; these are of the whole batch.
                results = {name: float(value) for name, value in self.get_metrics_result().items()}
            return results if options.get("return_dict") else list(results.values())

        def train_step(self, data: Any) -> dict[str, Any]:
            metrics: dict[str, Any] = super().train_step(data)
            if distribution.workers == 1:
                return metrics
            # Keras averages over the workers along the first axis, which its own scalars do not
            # have (https://github.com/keras-team/keras/issues/20585).
            return {name: keras.ops.reshape(value, (1,)) for name, value in metrics.items()}

    return Replicated


@contextlib.contextmanager
def _stopped_worker_explained(distribution: Distribution) -> Iterator[None]:
    import tensorflow as tf

    try:
        yield
    except (tf.errors.UnavailableError, tf.errors.AbortedError) as error:
        raise DeviceError(
            f"expected {distribution.workers} workers to train on together. "
            f"Received: worker={distribution.worker}, error={str(error)[:200]!r}. "
            "Another has stopped; see what it says, then start all of them again."
        ) from error


def _parts(keras: Any, distribution: Distribution, batch: Any) -> Any:
    """Arrays (n, …) in tuples or dicts, cut up for the devices of this worker."""
    devices = distribution.devices
    if devices == 1:
        return batch

    def part(context: Any) -> Any:
        device = context.replica_id_in_sync_group % devices

        def rows(array: Any) -> Any:
            return keras.ops.convert_to_tensor(np.array_split(array, devices)[device])

        return keras.tree.map_structure(rows, batch)

    return distribution.strategy.experimental_distribute_values_from_function(part)
