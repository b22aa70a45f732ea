"""The same figures for parts of the pictures: by age, sex, site, kind of lesion and skin tone."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_runtime.console import progress
from edge_runtime.contract.preprocess import Preprocessing
from edge_runtime.evaluation import Estimate, bootstrap_metrics
from trainer.evaluation.cases import Cases
from trainer.evaluation.figures import RESAMPLES
from trainer.evaluation.skin_tone import CATEGORIES, estimate_skin_tone

UNKNOWN = "unknown"
NOT_ESTIMATED = "not estimated"
MEASURED = ("roc_auc", "sensitivity", "specificity")

_AGE_BANDS = ((0, "under 30"), (30, "30–44"), (45, "45–59"), (60, "60–74"), (75, "75 and over"))
_OLDEST = 120.0
# Keys under which published tables keep these; the first that a row holds counts.
_AGE_KEYS = ("age", "age_approx")
_SEX_KEYS = ("sex",)
_SITE_KEYS = ("site", "localization", "anatom_site_general", "anatom_site_general_challenge")
_DX_KEYS = ("dx",)
_UNDEFINED = Estimate(value=float("nan"), low=float("nan"), high=float("nan"))


@dataclass(frozen=True, kw_only=True)
class Subgroup:
    """Figures of one part of the pictures; NaN where its pictures leave one undefined.

    Attributes:
        attribute: What divides the pictures, as in ``age``.
        value: Which part, as in ``45–59``.
        pictures: How many it has.
        positive: How many of them are of the positive class.
        groups: How many patients, lesions or contents they are of.
        roc_auc: With its interval.
        sensitivity: At the run's threshold, with its interval.
        specificity: Likewise.
    """

    attribute: str
    value: str
    pictures: int
    positive: int
    groups: int
    roc_auc: Estimate
    sensitivity: Estimate
    specificity: Estimate


def measure_subgroups(
    cases: Cases, threshold: float, seed: int, spec: Preprocessing
) -> list[Subgroup]:
    """Figures of every part, by age band, sex, site, dx and estimated skin tone.

    Age bands and skin tones without a picture have a row too: that they were not measured is a
    finding. An attribute that no picture has is left out.

    Args:
        cases: What is evaluated.
        threshold: Of the operating point, in [0, 1].
        seed: Of the resamples.
        spec: Size at which skin is looked at.
    """
    rows = []
    for attribute, values, always in _attributes(cases, spec):
        others = sorted(set(values) - set(always) - {UNKNOWN, NOT_ESTIMATED})
        missing = [name for name in (UNKNOWN, NOT_ESTIMATED) if name in values]
        names = np.array(values, dtype=object)
        for value in (*always, *others, *missing):
            chosen = np.flatnonzero(names == value)
            rows.append(_measure(cases, chosen, attribute, value, threshold, seed))
    return rows


def _attributes(
    cases: Cases, spec: Preprocessing
) -> Iterator[tuple[str, list[str], tuple[str, ...]]]:
    """Name, value for each picture, and the values that always have a row."""
    rows = [cases.metadata.get(picture.file, {}) for picture in cases.pictures]
    bands = tuple(name for _, name in _AGE_BANDS)
    readers: tuple[tuple[str, Callable[[Mapping[str, str]], str], tuple[str, ...]], ...] = (
        ("age", age_band, bands),
        ("sex", lambda row: _first(row, _SEX_KEYS).lower(), ()),
        ("site", lambda row: _first(row, _SITE_KEYS), ()),
        ("dx", lambda row: _first(row, _DX_KEYS), ()),
    )
    for attribute, read, always in readers:
        values = [read(row) for row in rows]
        if set(values) != {UNKNOWN}:
            yield attribute, values, always
    if cases.folder is not None:
        tones = tuple(name for name, _ in CATEGORIES)
        yield "skin tone", _tones(cases, spec), tones


def _tones(cases: Cases, spec: Preprocessing) -> list[str]:
    tones = []
    for picture in progress(cases.pictures, len(cases.pictures), "skin tones"):
        pixels = cases.pixels(picture, spec)
        tone = None if pixels is None else estimate_skin_tone(pixels)
        tones.append(NOT_ESTIMATED if tone is None else tone.category)
    return tones


def _first(row: Mapping[str, str], keys: tuple[str, ...]) -> str:
    found = next((row[key].strip() for key in keys if row.get(key, "").strip()), UNKNOWN)
    return UNKNOWN if found.lower() in (UNKNOWN, "nan", "na", "none") else found


def age_band(row: Mapping[str, str]) -> str:
    """The band of the age in years that a row of metadata holds; ``unknown`` without one."""
    try:
        age = float(_first(row, _AGE_KEYS))
    except ValueError:
        return UNKNOWN
    # Written so that an age that is not a number is unknown too.
    if not 0 <= age <= _OLDEST:
        return UNKNOWN
    return next(name for start, name in reversed(_AGE_BANDS) if age >= start)


def _measure(
    cases: Cases,
    chosen: npt.NDArray[np.intp],
    attribute: str,
    value: str,
    threshold: float,
    seed: int,
) -> Subgroup:
    labels, groups = cases.labels[chosen], cases.groups[chosen]
    figures = dict.fromkeys(MEASURED, _UNDEFINED)
    if len(chosen):
        every = bootstrap_metrics(
            labels,
            cases.scores[chosen],
            threshold,
            groups=groups,
            resamples=RESAMPLES,
            seed=seed,
        )
        figures = {name: every[name] for name in MEASURED}
    return Subgroup(
        attribute=attribute,
        value=value,
        pictures=len(chosen),
        positive=int(labels.sum()),
        groups=len(set(groups.tolist())),
        **figures,
    )
