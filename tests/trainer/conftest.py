"""Drawn features, stored as those of real pictures are."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

Indices = npt.NDArray[np.int_]


@pytest.fixture(scope="session")
def outputs_of() -> Callable[..., Any]:
    """Makes :class:`trainer.frozen.FrozenOutputs` of features (n, C) of pictures and views."""
    from trainer.frozen import FrozenJob, FrozenOutputs

    def make(features: npt.ArrayLike, *, pictures: int, augmented: Indices, views: int) -> Any:
        job = FrozenJob(
            name="features",
            folder=Path(),
            key="",
            pictures=pictures,
            augmented=augmented,
            views=views,
            batch_size=8,
            dtype=np.float32,
        )
        return FrozenOutputs(np.asarray(features, np.float32), job)

    return make


@pytest.fixture(scope="session")
def rows_of(outputs_of: Callable[..., Any]) -> Callable[..., Any]:
    """Makes :class:`trainer.feature_rows.FeatureRows` of features (n, C) and labels (n,)."""
    from trainer.feature_rows import FeatureRows

    def make(features: npt.ArrayLike, labels: Indices, *, views: int = 0) -> FeatureRows:
        everything = np.arange(len(labels))
        outputs = outputs_of(features, pictures=len(labels), augmented=everything, views=views)
        return FeatureRows(outputs=outputs, labels=labels, indices=everything, views=views)

    return make
