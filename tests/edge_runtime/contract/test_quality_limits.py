"""The limits of the checks before scoring: carried as JSON, refused where impossible."""

import dataclasses
import json

import numpy as np
import pytest

from edge_runtime.contract.quality_limits import CONTRAST_ONLY, DEFAULT_LIMITS, QualityLimits
from edge_runtime.contract.schema import from_json, to_json
from edge_runtime.errors import CardSchemaError


@pytest.mark.parametrize("limits", [DEFAULT_LIMITS, CONTRAST_ONLY])
def test_limits_come_back_from_json_as_they_were(limits: QualityLimits) -> None:
    text = json.dumps(to_json(limits), allow_nan=False)
    assert from_json(QualityLimits, json.loads(text)) == limits


def test_limits_are_flat_json() -> None:
    for value in to_json(DEFAULT_LIMITS).values():
        assert isinstance(value, float) or all(isinstance(number, float) for number in value)


@pytest.mark.parametrize(
    "change",
    [{"min_contrast": float("nan")}, {"view_mean": (0.0,) * 5}, {"view_precision": (1.0,) * 6}],
)
def test_impossible_limits_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(CardSchemaError, match="Received"):
        dataclasses.replace(DEFAULT_LIMITS, **change)


def test_the_reference_is_a_distance() -> None:
    precision = np.array(DEFAULT_LIMITS.view_precision).reshape(6, 6)
    assert np.allclose(precision, precision.T)
    assert (np.linalg.eigvalsh(precision) > 0).all()
