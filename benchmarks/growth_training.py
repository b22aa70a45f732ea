"""Runs in a process of its own: the trainer's stage 1 on a set of a size.

Pixels and labels are drawn: time does not depend on what a picture shows. The request is JSON on
stdin, the answer the last line on stdout.
"""

import json
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge_runtime.contract.schema import from_json, to_json
from trainer.backend import import_keras
from trainer.feature_rows import FeatureRows
from trainer.frozen import FrozenJob, compute_frozen
from trainer.logistic import train_neuron
from trainer.model import build_network

_BATCH, _EPOCHS, _FOLDS = 32, 15, 5
_VALID_SHARE = 0.2


@dataclass(frozen=True, kw_only=True)
class TrainingRequest:
    """What to train.

    Attributes:
        pictures: Of the set, a fifth of them for validation.
        image_size: Side of the input in pixels.
        cut: Last block kept.
    """

    pictures: int
    image_size: int
    cut: str


@dataclass(frozen=True, kw_only=True)
class TrainingTime:
    """Seconds, without building and compiling the network.

    Attributes:
        features_s: Of the features of all pictures.
        head_s: Of the head: choice of its penalty, and 15 passes.
    """

    features_s: float
    head_s: float


def measure(request: TrainingRequest) -> TrainingTime:
    """Features of the frozen network, then the head."""
    keras = import_keras()
    rng = np.random.default_rng(0)
    size = request.image_size
    network = build_network(keras, weights="none", cut=request.cut, image_size=size)
    pixels = rng.integers(0, 256, (_BATCH, size, size, 3), dtype=np.uint8).astype(np.float32)
    for count in {_BATCH, request.pictures % _BATCH or _BATCH}:
        network.features.predict_on_batch(pixels[:count])  # compiles
    with tempfile.TemporaryDirectory() as folder:
        job = FrozenJob(
            name="features",
            folder=Path(folder),
            key="growth",
            pictures=request.pictures,
            augmented=np.arange(0),
            views=0,
            batch_size=_BATCH,
            dtype=np.float32,
        )
        start = time.perf_counter()
        outputs = compute_frozen(network.features, lambda _, rows: pixels[: len(rows)], job)
        features_s = time.perf_counter() - start
        everything = np.arange(request.pictures)
        features = outputs.rows(0, everything)
        outputs.store(0, everything, features + rng.normal(0, 1, features.shape))
        valid = everything < request.pictures * _VALID_SHARE
        train, judged = (
            FeatureRows(outputs=outputs, labels=everything % 2, indices=everything[part])
            for part in (~valid, valid)
        )
        fold_of = everything[~valid] % _FOLDS
        start = time.perf_counter()
        train_neuron(train, judged, fold_of, epochs=_EPOCHS)
        head_s = time.perf_counter() - start
    return TrainingTime(features_s=features_s, head_s=head_s)


def main() -> None:
    """Answer the request on stdin."""
    request = from_json(TrainingRequest, json.load(sys.stdin), "request")
    sys.stdout.write(json.dumps(to_json(measure(request))) + "\n")


if __name__ == "__main__":
    main()
