"""Gives a Keras model made elsewhere our ends: pixels 0 … 255 in, a logit out."""

from pathlib import Path
from typing import Any

from converter.errors import ConversionError
from converter.export import LOGIT_LAYER, StaticModel, import_tensorflow
from converter.foreign_card import ForeignCard


def load_foreign_model(path: Path, card: ForeignCard) -> StaticModel:
    """Load a Keras file and put our ends on it.

    Args:
        path: A ``.keras`` or ``.h5`` file with one input (n, H, W, 3) and one output (n, 1).
        card: What it expects and gives.

    Raises:
        MissingDependencyError: If TensorFlow is not installed.
        ConversionError: If the file is no such model.
    """
    keras = import_tensorflow().keras
    try:
        trained = keras.models.load_model(path, compile=False)
        if card.output == "sigmoid":
            _make_linear(keras, trained)
        scale, offset = card.scale_offset
        pixels = keras.Input(batch_shape=(1, *card.size, 3), name="pixels")
        output = trained(keras.layers.Rescaling(scale, offset)(pixels))
        logit = keras.layers.Activation("linear", name=LOGIT_LAYER)(output)
        adapted = keras.Model(pixels, logit)
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ConversionError(
            f"expected a Keras model that takes {card.size} RGB pictures. "
            f"Received: path={str(path)!r}: {error}"
        ) from error
    if adapted.output.shape != (1, 1):
        raise ConversionError(
            "expected one output neuron, for the positive class. "
            f"Received: output shape={adapted.output.shape}"
        )
    return StaticModel(keras_model=adapted, size_hw=card.size)


def _make_linear(keras: Any, model: Any) -> None:
    last = model.layers[-1]
    if getattr(last, "activation", None) is not keras.activations.sigmoid:
        raise ConversionError(
            "expected a model that ends in a sigmoid, as its card says output = sigmoid. "
            f"Received: a last layer {last.name!r} of {type(last).__name__}. "
            'Write output = "logit" if it gives a logit.'
        )
    last.activation = keras.activations.linear
