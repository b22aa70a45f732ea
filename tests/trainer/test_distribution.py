"""Several devices and several processes train as one does on the same batches."""

import importlib.util
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.errors import DeviceError
from trainer.distribution import (
    Distribution,
    WorkerPlace,
    parse_worker_place,
    start_distribution,
)

ROOT = Path(__file__).parents[2]
TOLERANCE = 1e-4  # relative; sums are taken in another order
BATCH_SIZE = 8
needs_tensorflow = pytest.mark.tensorflow


def train(distribution: Distribution, keras: Any) -> dict[str, Any]:
    """Two convolutions, three epochs of two whole batches and one of three pictures."""
    model = compiled(distribution, keras)
    rng = np.random.default_rng(0)
    pictures = rng.normal(size=(19, 16, 16, 3)).astype(np.float16)
    labels = rng.integers(0, 2, size=(19, 1)).astype(np.float32)
    weights = np.where(labels[:, 0] == 1, 1.6, 0.7).astype(np.float32)
    losses, aucs = [], []
    for _ in range(3):
        for start in range(0, len(labels), BATCH_SIZE):
            batch = np.arange(len(labels))[start : start + BATCH_SIZE]
            share = distribution.share(len(batch))
            rows = batch[share.positions]
            loss, auc = model.train_on_batch(
                pictures[rows], labels[rows], sample_weight=weights[rows] * share.factors
            )
            losses.append(float(loss))
            aucs.append(float(auc))
    model.optimizer.finalize_variable_values(model.trainable_variables)
    logits = model.predict_on_batch(pictures)
    return {
        "losses": losses,
        "aucs": aucs,
        "logits": np.asarray(logits).ravel().tolist(),
        "rows": len(rows),
        "writes_files": distribution.writes_files,
    }


def compiled(distribution: Distribution, keras: Any) -> Any:
    model = distribution.replicate(keras, network(keras))
    with distribution.scope():
        model.compile(
            optimizer=keras.optimizers.AdamW(1e-2, weight_decay=1e-2, use_ema=True),
            loss=keras.losses.BinaryCrossentropy(from_logits=True),
            weighted_metrics=[keras.metrics.AUC(from_logits=True)],
            jit_compile=distribution.jit_compile,
        )
        model.optimizer.build(model.trainable_variables)
    return model


def network(keras: Any) -> Any:
    keras.utils.set_random_seed(7)
    pictures = keras.Input((16, 16, 3))
    maps = keras.layers.Conv2D(8, 3, strides=2, activation="relu")(pictures)
    maps = keras.layers.Conv2D(8, 3, strides=2, activation="relu")(maps)
    features = keras.layers.GlobalAveragePooling2D()(maps)
    return keras.Model(pictures, keras.layers.Dense(1)(features))


def main(devices: int, workers: str | None, worker: int | None) -> None:
    """What each process of the tests below runs."""
    from trainer.backend import import_keras

    keras = import_keras()
    if devices > 1:
        import tensorflow as tf

        cpu = tf.config.list_physical_devices("CPU")[0]
        parts = [tf.config.LogicalDeviceConfiguration()] * devices
        tf.config.set_logical_device_configuration(cpu, parts)
    place = parse_worker_place(workers, worker)
    result = train(start_distribution(keras, devices=devices, place=place), keras)
    sys.stdout.write("\n" + json.dumps(result))


def start(*arguments: object) -> subprocess.Popen[str]:
    settings = {
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_NUM_INTRAOP_THREADS": "1",
        "PYTHONPATH": str(ROOT),
    }
    return subprocess.Popen(
        [sys.executable, __file__, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "KERAS_BACKEND": "tensorflow", **settings},
    )


def results(*processes: subprocess.Popen[str]) -> list[dict[str, Any]]:
    try:
        outputs = [process.communicate(timeout=180) for process in processes]
    finally:
        for process in processes:
            process.kill()
    for process, (_, errors) in zip(processes, outputs, strict=True):
        assert process.returncode == 0, errors
    return [json.loads(output.splitlines()[-1]) for output, _ in outputs]


def free_addresses(count: int) -> str:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    addresses = [f"127.0.0.1:{one.getsockname()[1]}" for one in sockets]
    for one in sockets:
        one.close()
    return ",".join(addresses)


@pytest.fixture(scope="module")
def alone() -> dict[str, Any]:
    pytest.importorskip("tensorflow", reason="needs the train extra")
    return results(start(1))[0]


def assert_trained_alike(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert one["losses"] == pytest.approx(other["losses"], rel=TOLERANCE)
    assert one["aucs"] == pytest.approx(other["aucs"], abs=TOLERANCE)
    assert one["logits"] == pytest.approx(other["logits"], rel=TOLERANCE, abs=TOLERANCE)


@needs_tensorflow
def test_two_workers_train_as_one_does_on_the_doubled_batch(alone: dict[str, Any]) -> None:
    addresses = free_addresses(2)
    workers = results(*(start(1, addresses, index) for index in (0, 1)))
    for worker in workers:
        assert_trained_alike(worker, alone)
        assert (alone["rows"], worker["rows"]) == (3, 2)  # of the last batch
    assert [worker["writes_files"] for worker in workers] == [True, False]


@needs_tensorflow
def test_two_devices_train_as_one_does(alone: dict[str, Any]) -> None:
    assert_trained_alike(results(start(2))[0], alone)


@given(count=st.integers(1, 40), devices=st.integers(1, 4), workers=st.integers(1, 4))
def test_shares_give_the_mean_over_the_whole_batch(count: int, devices: int, workers: int) -> None:
    values = np.random.default_rng(count).normal(size=count)
    means, fed = [], np.zeros(count)
    for worker in range(workers):
        place = Distribution(devices=devices, workers=workers, worker=worker)
        share = place.share(count)
        np.add.at(fed, share.positions, share.factors > 0)
        parts = np.split(values[share.positions] * share.factors, devices)
        means += [part.mean() for part in parts]
    assert np.mean(means) == pytest.approx(values.mean(), abs=1e-6)
    assert (fed == 1).all()


def test_one_device_of_one_process_is_left_as_it_is() -> None:
    keras = pytest.importorskip("keras", reason="needs the train extra")
    model = network(keras)
    distribution = start_distribution(keras)
    assert distribution.replicate(keras, model) is model
    assert distribution.share(5).positions.tolist() == [0, 1, 2, 3, 4]
    assert distribution.share(5).factors.tolist() == [1.0] * 5
    assert distribution.writes_files


def test_a_place_is_read_from_its_options() -> None:
    assert parse_worker_place("10.0.0.1:4001, [::1]:4002", 1) == WorkerPlace(
        addresses=("10.0.0.1:4001", "[::1]:4002"), index=1
    )
    assert parse_worker_place(None, None) is None


@pytest.mark.parametrize(
    ("workers", "worker", "message"),
    [
        ("127.0.0.1:4001", None, "the index of this one.*worker=None"),
        (None, 0, "workers=None"),
        ("127.0.0.1", 0, "HOST:PORT.*'127.0.0.1'"),
        ("127.0.0.1:4001,", 0, "HOST:PORT.*address=''"),
        ("127.0.0.1:70000", 0, "HOST:PORT"),
        ("127.0.0.1:4001,127.0.0.1:4001", 0, "different ports"),
        ("127.0.0.1:4001,127.0.0.1:4002", 2, "from 0 to 1.*worker=2"),
    ],
)
def test_a_place_that_cannot_be_is_refused(
    workers: str | None, worker: int | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        parse_worker_place(workers, worker)


@needs_tensorflow
@pytest.mark.parametrize("addresses", [(), ("127.0.0.1:4001", "127.0.0.1:4002")])
def test_more_devices_than_there_are_are_refused(addresses: tuple[str, ...]) -> None:
    keras = pytest.importorskip("keras", reason="needs the train extra")
    place = WorkerPlace(addresses=addresses, index=0) if addresses else None
    with pytest.raises(DeviceError, match=r"expected at most \d+ devices.*devices=99"):
        start_distribution(keras, devices=99, place=place)
    with pytest.raises(DeviceError, match="devices=0"):
        start_distribution(keras, devices=0, place=place)


def refusal_of_a_worker(*, backend: str, before: str = "") -> str:
    code = (
        "from trainer.backend import import_keras\n"
        "from trainer.distribution import parse_worker_place, start_distribution\n"
        "from edge_runtime.errors import DeviceError\n"
        f"keras = import_keras()\n{before}\n"
        f"place = parse_worker_place({free_addresses(2)!r}, 1)\n"
        "try:\n    start_distribution(keras, place=place)\n"
        "except DeviceError as error:\n    raise SystemExit(str(error))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": backend, "CUDA_VISIBLE_DEVICES": "-1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1, done.stderr
    return done.stderr


@needs_tensorflow
def test_a_worker_that_has_computed_already_is_refused() -> None:
    pytest.importorskip("tensorflow", reason="needs the train extra")
    message = refusal_of_a_worker(backend="tensorflow", before="keras.ops.ones(1) + 1")
    assert "a process that has computed nothing yet" in message


def test_another_backend_is_refused() -> None:
    installed = [name for name in ("jax", "torch") if importlib.util.find_spec(name)]
    if not installed:
        pytest.skip("needs jax or torch, a backend besides TensorFlow")
    message = refusal_of_a_worker(backend=installed[0])
    assert "expected the TensorFlow backend" in message
    assert f"Received: backend={installed[0]!r}, devices=1, workers=2" in message


if __name__ == "__main__":
    main(int(sys.argv[1]), *((sys.argv[2], int(sys.argv[3])) if sys.argv[2:] else (None, None)))
