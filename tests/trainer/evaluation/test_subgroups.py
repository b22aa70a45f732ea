"""Parts: their figures are those of their pictures, and what is missing is said, never 0 or NaN."""

import math

import pytest

from edge_runtime.contract.preprocess import Preprocessing
from edge_runtime.evaluation import bootstrap_metrics
from trainer.evaluation.run_folder import cases_of_split, read_run
from trainer.evaluation.skin_tone import CATEGORIES
from trainer.evaluation.subgroups import UNKNOWN, age_band, measure_subgroups
from trainer.evaluation.wording import NOT_MEASURED, with_interval


@pytest.fixture
def cases(small_run):
    return cases_of_split(read_run(small_run.folder), "test")


@pytest.fixture
def parts(cases):
    found = measure_subgroups(cases, 0.4, 3, Preprocessing(size_hw=(75, 75)))
    return {(part.attribute, part.value): part for part in found}


@pytest.mark.parametrize(
    ("row", "band"),
    [
        ({"age": "0"}, "under 30"),
        ({"age": "29.9"}, "under 30"),
        ({"age": "30"}, "30–44"),
        ({"age_approx": "45.0"}, "45–59"),
        ({"age": "60"}, "60–74"),
        ({"age": "75"}, "75 and over"),
        ({"age": "nan"}, UNKNOWN),
        ({"age": "-1"}, UNKNOWN),
        ({"age": "1e9"}, UNKNOWN),
        ({"age": "sixty"}, UNKNOWN),
        ({}, UNKNOWN),
    ],
)
def test_age_bands(row, band):
    assert age_band(row) == band


def test_every_attribute_divides_all_pictures(cases, parts):
    for attribute in ("age", "sex", "site", "dx", "skin tone"):
        counted = sum(part.pictures for (name, _), part in parts.items() if name == attribute)
        assert counted == len(cases.pictures)


def test_figures_are_those_of_the_part(cases, parts):
    chosen = [p for p in cases.pictures if cases.metadata[p.file]["sex"] == "female"]
    direct = bootstrap_metrics(
        [int(p.label == "malignant") for p in chosen],
        [p.score for p in chosen],
        0.4,
        groups=[p.group for p in chosen],
        seed=3,
    )
    part = parts["sex", "female"]
    assert part.pictures == len(chosen)
    assert part.sensitivity == direct["sensitivity"]
    assert part.roc_auc.value == direct["roc_auc"].value


def test_a_class_that_is_absent_is_not_measured(parts):
    only_positive, only_negative = parts["dx", "mel"], parts["dx", "nv"]
    assert with_interval(only_positive.specificity) == NOT_MEASURED
    assert with_interval(only_positive.roc_auc) == NOT_MEASURED
    assert with_interval(only_negative.sensitivity) == NOT_MEASURED
    assert not math.isnan(only_positive.sensitivity.value)


def test_an_empty_part_has_a_row(parts):
    empty = parts["age", "30–44"]
    assert empty.pictures == 0
    for estimate in (empty.roc_auc, empty.sensitivity, empty.specificity):
        assert with_interval(estimate) == NOT_MEASURED
    assert {("skin tone", name) for name, _ in CATEGORIES} <= set(parts)
