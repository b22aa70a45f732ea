"""Imports Keras, whichever array library drives it here."""

import logging
import os
from typing import Any

from edge_runtime.console import log
from edge_runtime.errors import MissingDependencyError
from edge_runtime.native_output import native_output_hidden


def import_keras() -> Any:
    """The keras package; ``KERAS_BACKEND`` chooses tensorflow (the default), jax or torch.

    Raises:
        MissingDependencyError: If Keras or its backend is not installed.
    """
    # What matters reaches Python as an exception; the log lines only alarm.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    try:
        with native_output_hidden():
            import keras
    except ImportError as error:
        raise MissingDependencyError(
            f"expected Keras and a backend for it. Received: {error}. "
            'Install them with: pip install "melanoma-edge[train]"'
        ) from error
    return keras


def use_accelerator(keras: Any) -> bool:
    """Compute in bfloat16 where a GPU is; says so in the log.

    Keras compiles with XLA there by itself.

    Returns:
        Whether there is a GPU.
    """
    gpus = gpu_count(keras)
    if gpus:
        keras.mixed_precision.set_dtype_policy("mixed_bfloat16")
        log.info("%d GPU: mixed precision (bfloat16)", gpus)
    return gpus > 0


def gpu_count(keras: Any) -> int:
    """GPUs that the backend sees."""
    backend = keras.backend.backend()
    if backend == "torch":
        import torch

        return int(torch.cuda.device_count())
    if backend == "jax":
        import jax

        return sum(device.platform == "gpu" for device in jax.devices())
    import tensorflow as tf

    return len(tf.config.list_physical_devices("GPU"))


def backend_versions(keras: Any) -> dict[str, str]:
    """Versions of what trains."""
    from importlib.metadata import version

    backend = keras.backend.backend()
    return {
        "keras": keras.__version__,
        backend: version(backend),
        **{name: version(name) for name in ("numpy", "pillow", "melanoma-edge")},
    }
