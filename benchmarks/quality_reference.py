"""Where the view check's reference comes from: features of real pictures, and of darker skin."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from benchmarks.quality_degrade import darken_skin
from edge_runtime.contract.preprocess import Pixels
from edge_runtime.quality.grid import take_grid
from edge_runtime.quality.sample import take_sample
from edge_runtime.quality.view import Features, view_features

_DARKENED_BY = (1.0, 2.0)
_EVERY = 4


def fit_view_reference(pictures: Sequence[Pixels]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and inverse covariance, row by row, of the features of dermatoscopic pictures.

    Published sets show light skin for the most part. Every fourth picture is therefore counted
    again through each of two layers of melanin: so the reference extends along the line on which
    the colour of skin varies, and dark skin is not taken for something else.

    Args:
        pictures: uint8 pixels (H, W, 3), RGB; some hundreds.
    """
    rows = [_features(pixels) for pixels in pictures]
    rows += [
        _features(darken_skin(pixels, density))
        for density in _DARKENED_BY
        for pixels in pictures[::_EVERY]
    ]
    features = np.array(rows)
    precision = np.linalg.inv(np.cov(features.T)).ravel()
    return (
        tuple(round(value, 4) for value in features.mean(axis=0).tolist()),
        tuple(round(value, 4) for value in precision.tolist()),
    )


def _features(pixels: Pixels) -> Features:
    return view_features(take_grid(Image.fromarray(pixels), take_sample(pixels).strongest))
