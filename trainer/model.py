"""The network: pixels 0 … 255, scaling inside, InceptionV3 up to a cut, pooling, head, sigmoid."""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainer.standardisation import Layers, Standardisation
from trainer.weights import load_inception_v3

LOGIT_LAYER = "logit"  # the converter looks for this name
# How pixels 0 … 255 are scaled: ImageNet's InceptionV3 expects -1 … 1.
SCALINGS = {"signed": (1 / 127.5, -1.0), "unit": (1 / 255, 0.0)}


@dataclass(frozen=True, kw_only=True)
class Network:
    """InceptionV3 between pixels and pooled features.

    Attributes:
        base: From scaled pixels to the maps of the pooled blocks, the last block kept at the end.
        features: From pixels (n, S, S, 3), float32 0 … 255, to pooled features (n, C).
        pool_from: First pooled block.
        pool_middle: The middle of each map is pooled beside the whole.
        cut: Last block kept.
        scaling: One of :data:`SCALINGS`.
    """

    base: Any
    features: Any
    pool_from: str
    pool_middle: bool
    cut: str
    scaling: str


def build_network(
    keras: Any,
    *,
    weights: str,
    cut: str,
    image_size: int,
    pool_from: str | None = None,
    pool_middle: bool = False,
    scaling: str = "signed",
) -> Network:
    """The network up to its pooled features, frozen.

    Args:
        keras: The keras package.
        weights: See :func:`trainer.weights.load_inception_v3`.
        cut: Last block kept, ``mixed0`` … ``mixed10``.
        image_size: S, side of the input in pixels.
        pool_from: First block whose maps are averaged; features are the means of all blocks from it
            to the cut, one after the other. None for the cut alone.
        pool_middle: Behind them the means of the middle of each map, half as high and wide.
        scaling: One of :data:`SCALINGS`.

    Raises:
        WeightsError: If the weights cannot be had.
    """
    pool_from = pool_from or cut
    whole = load_inception_v3(keras, weights=weights, cut=cut, image_size=image_size)
    pooled = [whole.get_layer(name).output for name in blocks_between(pool_from, cut)]
    base = keras.Model(whole.input, pooled, name=whole.name)
    base.trainable = False
    pixels = keras.Input((image_size, image_size, 3), name="pixels")
    # Batch statistics must not drift: batch norm stays in inference mode throughout.
    maps = base(_scaled(keras, pixels, scaling), training=False)
    model = keras.Model(pixels, _pooled(keras, maps, pool_middle), name="features")
    return Network(
        base=base,
        features=model,
        pool_from=pool_from,
        pool_middle=pool_middle,
        cut=cut,
        scaling=scaling,
    )


def blocks_between(first: str, last: str) -> list[str]:
    """Names of the blocks from ``first`` to ``last``, ``mixed0`` … ``mixed10``."""
    start, end = (int(name.removeprefix("mixed")) for name in (first, last))
    return [f"mixed{number}" for number in range(start, end + 1)]


def _pooled(keras: Any, maps: Sequence[Any], pool_middle: bool) -> Any:
    """Means of each block's maps, then of their middles, side by side (n, C)."""
    areas = [*maps, *(_middle(keras, block) for block in maps)] if pool_middle else maps
    means = [keras.layers.GlobalAveragePooling2D()(area) for area in areas]
    return keras.layers.Concatenate()(means) if len(means) > 1 else means[0]


def _middle(keras: Any, block: Any) -> Any:
    """Without a quarter of the map's side, rounded down, at each edge."""
    _, height, width, _ = block.shape
    return keras.layers.Cropping2D((height // 4, width // 4))(block)


def _scaled(keras: Any, pixels: Any, scaling: str) -> Any:
    factor, offset = SCALINGS[scaling]
    return keras.layers.Rescaling(factor, offset=offset, name="scale")(pixels)


def attach_head(keras: Any, features: Any, layers: Layers) -> Any:
    """The whole model: pixels to the sigmoid ``score`` of one neuron, ``logit``.

    Args:
        keras: The keras package.
        features: Model from pixels to pooled features.
        layers: Kernel (m, k) and bias (k,) of each dense layer; ReLU between them.
    """
    outputs = features.output
    for number, (kernel, bias) in enumerate(layers):
        last = number == len(layers) - 1
        dense = keras.layers.Dense(
            len(bias),
            activation=None if last else "relu",
            name=LOGIT_LAYER if last else f"hidden_{number}",
        )
        outputs = dense(outputs)
        dense.set_weights([kernel, bias])
    score = keras.layers.Activation("sigmoid", name="score")(outputs)
    return keras.Model(features.input, score, name="melanoma")


@dataclass(frozen=True, kw_only=True)
class Tunable:
    """The network with some of its blocks set free.

    Attributes:
        trunk: From augmented or plain pixels to the activations below the first free block.
        pooled: From these activations to pooled features (n, C).
        top: From these activations to the logit (n, 1).
        live: From pixels to the logit, trunk and top in one.
        standard: Brings features to mean 0 and deviation 1, in which the head learns.
        dense: The head's dense layers, in order.
        depths: How many blocks below the head each free variable lies, by its path.
    """

    trunk: Any
    pooled: Any
    top: Any
    live: Any
    standard: Any
    dense: tuple[Any, ...]
    depths: dict[str, int]

    def set_head(self, layers: Layers, scaling: Standardisation) -> None:
        """Put the weights of a head for raw features into the head."""
        self.standard.set_weights([scaling.mean, scaling.deviation**2])
        for layer, weights in zip(self.dense, scaling.for_standardised(layers), strict=True):
            layer.set_weights(weights)

    def head(self) -> Layers:
        """The head's weights, for raw features."""
        mean, variance = self.standard.get_weights()
        scaling = Standardisation(mean=mean, deviation=np.sqrt(variance))
        return scaling.for_raw([layer.get_weights() for layer in self.dense])


def set_free(
    keras: Any,
    network: Network,
    pixels: Any,
    *,
    unfreeze: str,
    widths: Sequence[int],
    dropout: float,
) -> Tunable:
    """Set the blocks from ``unfreeze`` up to the cut free, batch norm excepted.

    Args:
        keras: The keras package.
        network: From :func:`build_network`; its layers become trainable.
        pixels: Model whose output is pixels 0 … 255: an augmenter, or an identity.
        unfreeze: First free block, ``mixed1`` … the cut; at most the one above the first pooled.
        widths: Units of the head's dense layers, the last of which is 1.
        dropout: Share of pooled features left out in a training step.
    """
    base = network.base
    first, last = int(unfreeze.removeprefix("mixed")), int(network.cut.removeprefix("mixed"))
    below = base.get_layer(f"mixed{first - 1}").output
    trunk = keras.Model(base.input, below, name="trunk")
    free = base.outputs[-(last - first + 1) :]
    blocks = keras.Model(below, free, name="blocks")
    _free_layers(keras, base, {layer.name for layer in blocks.layers})
    head = _new_head(keras, widths)
    activations = keras.Input(below.shape[1:], name="activations")
    maps = blocks(activations, training=False)
    # The first pooled block may lie just below the free ones: then what is given is pooled too.
    pooled = [activations, *maps][-len(base.outputs) :]
    features = _pooled(keras, pooled, network.pool_middle)
    standard = _fixed_scaling(keras)
    outputs = keras.layers.Dropout(dropout)(standard(features, training=False))
    for layer in head:
        outputs = layer(outputs)
    top = keras.Model(activations, outputs, name="top")
    scale = network.features.get_layer("scale")
    frozen = keras.Model(pixels.inputs, trunk(scale(pixels.output), training=False), name="frozen")
    return Tunable(
        trunk=frozen,
        pooled=keras.Model(activations, features, name="pooled"),
        top=top,
        live=keras.Model(pixels.inputs, top(frozen.output), name="live"),
        standard=standard,
        dense=head,
        depths=_depths(keras, base, first, last),
    )


def _free_layers(keras: Any, base: Any, names: Set[str]) -> None:
    base.trainable = True
    for layer in base.layers:
        is_fixed = isinstance(layer, keras.layers.BatchNormalization)
        layer.trainable = layer.name in names and not is_fixed


def _fixed_scaling(keras: Any) -> Any:
    """Takes off a mean and divides by a deviation that are set beforehand and do not learn."""
    return keras.layers.BatchNormalization(
        epsilon=0.0, center=False, scale=False, trainable=False, name="standard"
    )


def _new_head(keras: Any, widths: Sequence[int]) -> tuple[Any, ...]:
    return tuple(
        keras.layers.Dense(units, activation=None if number == len(widths) - 1 else "relu")
        for number, units in enumerate(widths)
    )


def _depths(keras: Any, base: Any, first: int, last: int) -> dict[str, int]:
    """Blocks between each free variable and the head, by path; 1 for the last block."""
    depths: dict[str, int] = {}
    for number in range(first, last + 1):
        start = base.get_layer(f"mixed{number - 1}").output
        block = keras.Model(start, base.get_layer(f"mixed{number}").output)
        for variable in block.trainable_variables:
            depths[variable.path] = last - number + 1
    return depths
