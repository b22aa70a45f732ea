"""Rows of drawn features, as stored for real pictures."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

RowsOf = Callable[..., "object"]


@pytest.fixture(scope="session")
def rows_of() -> RowsOf:
    """Makes :class:`trainer.feature_rows.FeatureRows` of features (n, C) and labels (n,)."""
    from trainer.feature_rows import FeatureRows
    from trainer.frozen import FrozenJob, FrozenOutputs

    def make(
        features: npt.NDArray[np.float32], labels: npt.NDArray[np.int_], *, views: int = 0
    ) -> FeatureRows:
        indices = np.arange(len(labels))
        job = FrozenJob(
            name="features",
            folder=Path(),
            key="",
            pictures=len(labels),
            augmented=indices,
            views=views,
            batch_size=8,
            dtype=np.float32,
        )
        outputs = FrozenOutputs(features.astype(np.float32), job)
        return FeatureRows(outputs=outputs, labels=labels, indices=indices, views=views)

    return make
