"""The network: pixels 0 … 255, scaling inside, InceptionV3 up to a cut, pooling, one sigmoid."""

from typing import Any

import numpy as np
import numpy.typing as npt

from trainer.weights import load_inception_v3

LOGIT_LAYER = "logit"  # the converter looks for this name


def build_feature_model(keras: Any, *, weights: str, cut: str, image_size: int) -> Any:
    """The frozen base: pixels (n, S, S, 3), float32 0 … 255, to pooled features (n, C).

    Args:
        keras: The keras package.
        weights: See :func:`trainer.weights.load_inception_v3`.
        cut: Last block kept, ``mixed0`` … ``mixed10``.
        image_size: S, side of the input in pixels.

    Raises:
        WeightsError: If the weights cannot be had.
    """
    base = load_inception_v3(keras, weights=weights, cut=cut, image_size=image_size)
    base.trainable = False
    pixels = keras.Input((image_size, image_size, 3), name="pixels")
    scaled = keras.layers.Rescaling(1 / 127.5, offset=-1, name="scale")(pixels)
    # Batch statistics must not drift while the base is frozen.
    maps = base(scaled, training=False)
    features = keras.layers.GlobalAveragePooling2D(name="features")(maps)
    return keras.Model(pixels, features, name="features")


def attach_head(
    keras: Any, feature_model: Any, kernel: npt.NDArray[np.float32], bias: float
) -> Any:
    """The whole model: pixels to the sigmoid ``score`` of one neuron, ``logit``.

    Args:
        keras: The keras package.
        feature_model: From :func:`build_feature_model`.
        kernel: Weights of the neuron, float32 (C,).
        bias: Its bias.
    """
    logit = keras.layers.Dense(1, name=LOGIT_LAYER)
    score = keras.layers.Activation("sigmoid", name="score")(logit(feature_model.output))
    logit.set_weights([kernel.reshape(-1, 1), np.array([bias], np.float32)])
    return keras.Model(feature_model.input, score, name="melanoma")
