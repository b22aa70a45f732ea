"""Views of a picture as another position, light or dermatoscope would give them.

What a view looks like is drawn on the host, from the picture's content and the number of the view,
so that it is the same in every batch, order and run. The arithmetic is one Keras model, which runs
where the network runs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Parameters = dict[str, Array]

HAIRS = 12
# Share of red, green and blue in grey: Rec. 601.
_GREY = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True, kw_only=True)
class AugmentationRanges:
    """How far views depart from their picture.

    Attributes:
        symmetries: Turns and mirror images of the square: 8 all, 2 left and right, 1 none.
        rotation_deg: Largest further turn either way.
        zoom: Largest change of size; 0.2 is a factor of 1 / 1.2 to 1.2.
        shear: Largest shear, as tangent.
        shift: Largest shift across and down by whole pixels, as share of the side; mirrored pixels
            fill the gap.
        coloured: Share of views whose light and colour change, as the following say.
        white_balance: Largest change of a channel's gain, as logarithm.
        exposure: Largest change of brightness, as logarithm.
        gamma: Largest change of the exponent, as logarithm.
        saturation: Largest change of the distance from grey, as share.
        hair: Share of views with drawn hair.
        vignette: Share of views with the dark rim of a dermatoscope's tube.
    """

    symmetries: int = 8
    rotation_deg: float = 20.0
    zoom: float = 0.2
    shear: float = 0.08
    shift: float = 0.18
    coloured: float = 1.0
    white_balance: float = 0.06
    exposure: float = 0.2
    gamma: float = 0.2
    saturation: float = 0.2
    hair: float = 0.0
    vignette: float = 0.0


# Turns, mirror images and shifts move whole pixels: such views are as sharp as their pictures.
SHARP = AugmentationRanges(
    rotation_deg=0,
    zoom=0,
    shear=0,
    coloured=0.5,
    white_balance=0.08,
    exposure=0.1,
    gamma=0.1,
    saturation=0,
)
SYMMETRIES = replace(SHARP, shift=0, coloured=0)
_NO_CHANGE = replace(SYMMETRIES, symmetries=1, white_balance=0, exposure=0, gamma=0)
AUGMENTATIONS = {"sharp": SHARP, "symmetries": SYMMETRIES, "full": AugmentationRanges()}


def draw_parameters(
    ranges: AugmentationRanges,
    contents: Sequence[str],
    *,
    views: Sequence[int] | npt.NDArray[np.int_],
    seed: int,
    size: int,
) -> Parameters:
    """What the views of some pictures look like.

    Args:
        ranges: How far it may depart.
        contents: sha256 of each picture; equal pictures get equal views.
        views: Number of each picture's view; view 0 is the picture itself.
        seed: Of the run.
        size: Side of the pictures in pixels.

    Returns:
        Inputs of :func:`build_augmenter`'s model: ``transform`` (n, 8), ``colour`` (n, 9),
        ``gamma`` (n, 1), ``vignette`` (n, 2), ``hair`` (n, HAIRS, 6); all float32.
    """
    rows = [
        _draw_one(
            ranges if view else _NO_CHANGE,
            np.random.default_rng([seed, view, int(content[:15], 16)]),
            size,
        )
        for content, view in zip(contents, views, strict=True)
    ]
    return {name: np.stack([row[name] for row in rows]).astype(np.float32) for name in rows[0]}


def _draw_one(ranges: AugmentationRanges, rng: np.random.Generator, size: int) -> dict[str, Any]:
    transform = _transform(ranges, rng, size)
    light = ranges if rng.uniform() < ranges.coloured else _NO_CHANGE
    return {
        "transform": transform,
        "colour": _colour_matrix(light, rng).reshape(9),
        "gamma": np.exp(rng.uniform(-light.gamma, light.gamma, 1)),
        "vignette": _vignette(ranges, rng),
        "hair": _hairs(ranges, rng),
    }


def _transform(
    ranges: AugmentationRanges, rng: np.random.Generator, size: int
) -> npt.NDArray[np.float64]:
    """Row (8,) of ``keras.ops.image.affine_transform``: from output to input coordinates."""
    angle = np.deg2rad(rng.uniform(-ranges.rotation_deg, ranges.rotation_deg))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    scale = np.exp(rng.uniform(-1, 1) * np.log1p(ranges.zoom))
    shear = np.array([[1, rng.uniform(-ranges.shear, ranges.shear)], [0, 1]])
    matrix = turn @ shear * scale
    quarter = rng.integers(4) if ranges.symmetries == 8 else 0
    mirrored = rng.integers(2) if ranges.symmetries > 1 else 0
    matrix = np.linalg.matrix_power(np.array([[0, -1], [1, 0]]), quarter) @ matrix
    matrix = matrix @ np.diag([1 - 2 * mirrored, 1])
    centre = np.full(2, (size - 1) / 2)
    shift = np.rint(size * rng.uniform(-ranges.shift, ranges.shift, 2))
    offset = centre - matrix @ centre + shift
    return np.array([*matrix[0], offset[0], *matrix[1], offset[1], 0, 0])


def _colour_matrix(ranges: AugmentationRanges, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Matrix (3, 3) that a row of red, green and blue is multiplied with."""
    saturation = 1 + rng.uniform(-ranges.saturation, ranges.saturation)
    gains = np.exp(rng.uniform(-ranges.white_balance, ranges.white_balance, 3))
    exposure = np.exp(rng.uniform(-ranges.exposure, ranges.exposure))
    grey = np.repeat(_GREY[:, np.newaxis], 3, axis=1)
    mixed = saturation * np.eye(3) + (1 - saturation) * grey
    return np.asarray(mixed * gains * exposure)


def _vignette(ranges: AugmentationRanges, rng: np.random.Generator) -> list[float]:
    """Radius, in half sides, where the rim begins, and how dark it is in [0, 1]."""
    shown = rng.uniform() < ranges.vignette
    return [rng.uniform(0.95, 1.3), rng.uniform(0.6, 1.0) * shown]


def _hairs(ranges: AugmentationRanges, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Direction (cosine, sine), offset, curvature, half width, darkness of each hair, (HAIRS, 6).

    Lengths are in half sides.
    """
    shown = rng.uniform() < ranges.hair
    count = rng.integers(1, HAIRS + 1)
    angles = rng.uniform(0, np.pi) + rng.normal(0, 0.4, HAIRS)
    columns = (
        np.cos(angles),
        np.sin(angles),
        rng.uniform(-1, 1, HAIRS),
        rng.uniform(-0.4, 0.4, HAIRS),
        rng.uniform(0.006, 0.016, HAIRS),
        rng.uniform(0.4, 0.9, HAIRS) * (np.arange(HAIRS) < count) * shown,
    )
    return np.stack(columns, axis=1)


def build_augmenter(keras: Any, size: int, ranges: AugmentationRanges) -> Any:
    """The model that makes views.

    Args:
        keras: The keras package.
        size: Side of the pictures in pixels.
        ranges: Tell whether it has to draw hair and rim; without them it is faster.

    Returns:
        A model from a dict of ``pixels`` (n, S, S, 3), float32 0 … 255, and the parameters of
        :func:`draw_parameters` to pixels of the same shape and range.
    """
    ops = keras.ops
    shapes = {
        "pixels": (size, size, 3),
        "transform": (8,),
        "colour": (9,),
        "gamma": (1,),
        "vignette": (2,),
        "hair": (HAIRS, 6),
    }
    inputs = {name: keras.Input(shape, name=name) for name, shape in shapes.items()}
    moved = ops.image.affine_transform(
        inputs["pixels"],
        inputs["transform"],
        interpolation="bilinear",
        fill_mode="reflect",
        data_format="channels_last",
    )
    matrix = ops.reshape(inputs["colour"], (-1, 1, 3, 3))
    coloured = ops.matmul(ops.clip(moved, 0, 255) / 255, matrix)
    exponent = ops.reshape(inputs["gamma"], (-1, 1, 1, 1))
    # The power has no finite slope at 0; nothing here is differentiated, but NaN would spread.
    shown = ops.power(ops.clip(coloured, 1e-6, 1), exponent)
    grid = ((np.arange(size) - (size - 1) / 2) / (size / 2)).astype(np.float32)
    across, down = grid[np.newaxis, :, np.newaxis], grid[:, np.newaxis, np.newaxis]
    if ranges.vignette:
        shown = shown * _light_inside(ops, inputs["vignette"], np.hypot(across, down))
    if ranges.hair:
        shown = shown * _light_between(ops, inputs["hair"], across, down)
    return keras.Model(inputs, shown * 255, name="augmenter")


def _light_inside(ops: Any, vignette: Any, distance: Array) -> Any:
    """Share of the light (n, S, S, 1) that the rim lets through."""
    radius, darkness = (ops.reshape(vignette[:, i], (-1, 1, 1, 1)) for i in (0, 1))
    # Symbolic tensors stand on the left: numpy would try to read the ones on its right.
    inside = ops.sigmoid((radius - distance) / 0.02)
    return 1 - (1 - inside) * darkness


def _light_between(ops: Any, hair: Any, across: Array, down: Array) -> Any:
    """Share of the light (n, S, S, 1) that hair lets through."""
    cosine, sine, offset, bend, width, depth = (
        ops.reshape(hair[:, :, i], (-1, 1, 1, HAIRS)) for i in range(6)
    )
    along = cosine * across + sine * down
    away = cosine * down - sine * across - offset - bend * ops.square(along)
    strands = depth * ops.exp(-ops.square(away / width))
    return ops.min(1 - strands, axis=-1, keepdims=True)
