"""Starting weights of InceptionV3: ImageNet's, a file's, or none."""

import hashlib
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from edge_runtime.console import log
from trainer.errors import WeightsError


def describe_weights(weights: str) -> str:
    """What the card says of them: ``imagenet``, ``none`` or ``sha256:…`` of the file.

    Raises:
        WeightsError: If it is none of these words and no readable file.
    """
    if not _is_path(weights):
        return weights
    try:
        return "sha256:" + hashlib.sha256(Path(weights).read_bytes()).hexdigest()
    except OSError as error:
        raise WeightsError(
            f"expected --weights imagenet, none or a file. Received: {weights!r}: "
            f"{error.strerror}. Check the path."
        ) from error


def load_inception_v3(keras: Any, *, weights: str, cut: str, image_size: int) -> Any:
    """InceptionV3 from its input to the end of a block, its weights loaded.

    Args:
        keras: The keras package.
        weights: ``imagenet`` (downloaded by Keras on first use), ``none`` (random), or the path
            of a ``.npz`` with keys as ``conv2d_3/kernel`` and ``batch_normalization_3/beta``
            numbered in order of creation, or of a Keras weights file (``.h5``).
        cut: Last block kept, ``mixed0`` … ``mixed10``.
        image_size: Side of the input in pixels.

    Raises:
        WeightsError: If they cannot be downloaded or read, or are of another network.
    """
    shape = (image_size, image_size, 3)
    build = keras.applications.InceptionV3
    if weights == "imagenet":
        try:
            network = build(weights="imagenet", include_top=False, input_shape=shape)
        # Keras wraps whatever the download met into a bare Exception.
        except Exception as error:
            raise WeightsError(
                f"expected to download Keras' ImageNet weights. Received: {error}. "
                "Give --weights PATH or --weights none, or go online."
            ) from error
    else:
        network = build(weights=None, include_top=False, input_shape=shape)
    absent = _load_file(keras, network, Path(weights)) if _is_path(weights) else []
    base = keras.Model(network.input, network.get_layer(cut).output, name=f"inceptionv3_{cut}")
    random = [layer.name for layer in absent if layer in base.layers]
    if random:
        log.warning(
            "warning: the weights file holds no kernel for %s; they stay random. A cut at mixed8 "
            "or before may do without them.",
            ", ".join(random),
        )
    return base


def _is_path(weights: str) -> bool:
    return weights not in ("imagenet", "none")


def _load_file(keras: Any, network: Any, path: Path) -> list[Any]:
    """Fill the network; returns the layers that the file has nothing for."""
    try:
        if path.suffix == ".npz":
            return _load_npz(keras, network, path)
        _load_keras(network, path)
    except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        # Keras' messages go on for pages.
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise WeightsError(
            "expected weights of InceptionV3 without its classifier, as .npz or Keras .h5. "
            f"Received: {path.name!r}: {reason}"
        ) from error
    return []


def _load_keras(network: Any, path: Path) -> None:
    """Fill the network; what Keras only warns of would stay random."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        network.load_weights(path)
    skipped = [one for one in caught if issubclass(one.category, UserWarning)]
    if skipped:
        raise ValueError(str(skipped[0].message))


def _load_npz(keras: Any, network: Any, path: Path) -> list[Any]:
    convolutions = _in_order(network, keras.layers.Conv2D)
    normalizations = _in_order(network, keras.layers.BatchNormalization)
    absent = []
    with path.open("rb") as stream, np.load(stream) as stored:
        if "batch_normalization_0/beta" not in stored:
            raise KeyError("batch_normalization_0/beta")
        for number, layer in enumerate(convolutions):
            key = f"conv2d_{number}/kernel"
            if key in stored:
                layer.set_weights([stored[key].astype(np.float32)])
            else:
                absent.append(layer)
        for number, layer in enumerate(normalizations):
            names = ("beta", "moving_mean", "moving_variance")
            values = [stored[f"batch_normalization_{number}/{name}"] for name in names]
            layer.set_weights([value.astype(np.float32) for value in values])
    return absent


def _in_order(network: Any, kind: type) -> list[Any]:
    """The network's layers of a kind in order of creation: their names end with its number."""

    def number(layer: Any) -> int:
        tail = layer.name.rsplit("_", 1)[-1]
        return int(tail) if tail.isdigit() else -1

    return sorted((layer for layer in network.layers if isinstance(layer, kind)), key=number)
