"""How a figure with its interval is written down."""

import json
import math

import pytest

from edge_runtime.evaluation import Estimate


@pytest.mark.parametrize(
    ("estimate", "spec", "text"),
    [
        (Estimate(value=0.8912, low=0.8731, high=0.9076), "", "0.891 [0.873–0.908]"),
        (Estimate(value=0.8912, low=0.8731, high=0.9076), ".1%", "89.1% [87.3%–90.8%]"),
        (Estimate(value=-0.012, low=-0.02, high=0.004), ".2f", "-0.01 [-0.02 to 0.00]"),
        (Estimate(value=0.5, low=math.nan, high=math.nan), "", "0.500 [undefined]"),
        (Estimate(value=math.nan, low=math.nan, high=math.nan), "", "undefined"),
    ],
)
def test_text(estimate, spec, text):
    assert format(estimate, spec) == text


def test_str_is_the_default_format():
    assert str(Estimate(value=0.5, low=0.25, high=0.75)) == "0.500 [0.250–0.750]"


def test_as_dict_is_json():
    undefined = Estimate(value=0.5, low=math.nan, high=math.nan, confidence=0.9)
    assert json.loads(json.dumps(undefined.as_dict(), allow_nan=False)) == {
        "value": 0.5,
        "low": None,
        "high": None,
        "confidence": 0.9,
    }


@pytest.mark.parametrize(("low", "high"), [(0.9, 0.8), (math.nan, 0.8), (0.8, math.nan)])
def test_impossible_intervals_are_refused(low, high):
    with pytest.raises(ValueError, match="Received: low="):
        Estimate(value=0.85, low=low, high=high)


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0, math.nan])
def test_impossible_confidence_is_refused(confidence):
    with pytest.raises(ValueError, match="Received: confidence="):
        Estimate(value=0.85, low=0.8, high=0.9, confidence=confidence)
