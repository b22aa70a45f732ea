"""One benchmark from models and data to results: accuracy of every variant, then latency."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.accuracy import (
    RESAMPLES,
    Cases,
    Judged,
    judge,
    measure_accuracy,
    scored_cases,
)
from benchmarks.environment import describe_environment, load_average
from benchmarks.keras_scores import judge_from_scores
from benchmarks.latency import ROUNDS, WARMUP, measure_in_turns, summarise
from benchmarks.measure import Measurement
from benchmarks.models import ModelFile
from benchmarks.pictures import Selection, select_pictures
from benchmarks.results import (
    SCHEMA_VERSION,
    ModelResult,
    PictureRecord,
    Results,
    Settings,
)
from edge_runtime.classifier import LesionClassifier
from edge_runtime.console import display_name
from edge_runtime.contract.card import NOTICE
from edge_runtime.contract.manifest import SCORES_FILE, manifest_sha256
from edge_runtime.errors import DelegateUnavailableError
from edge_runtime.runner import RunnerInfo

KERAS = "keras"
REFERENCE = "float32"


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """What to measure and how.

    Attributes:
        data: The data set.
        split: One of ``pictures.SPLIT_CHOICES``.
        runtime: ``auto`` or a package.
        threads: Threads of one inference.
        queries: For each variant, at least 1.
    """

    data: Path
    split: str
    runtime: str
    threads: int
    queries: int


@dataclass(frozen=True, kw_only=True)
class _Assessed:
    """The variants that could run here, with what they decided."""

    files: dict[str, ModelFile]
    judged: dict[str, Judged]
    infos: dict[str, RunnerInfo]
    skipped: dict[str, str]


def run_benchmark(models: Sequence[ModelFile], options: RunOptions) -> Results:
    """Measure all variants of a model, at least one.

    Raises:
        ContractError: If a model does not run as recorded.
        DatasetError: If the pictures cannot be told, or none can be scored.
        DeviceError: If no variant can run here.
    """
    created = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    load_before = load_average()
    card = models[0].card
    selection = select_pictures(models[0].path.parent, options.data, options.split, card)
    assessed = _assess(models, selection, options)
    cases = scored_cases(list(assessed.judged.values()), selection.pictures, card.labels.positive)
    settings = Settings(
        runtime=options.runtime,
        threads=options.threads,
        queries=options.queries,
        rounds=min(ROUNDS, options.queries),
        warmup=WARMUP,
        resamples=RESAMPLES,
    )
    measured = measure_in_turns(
        [model.path for model in assessed.files.values()],
        _queries(selection, cases),
        settings,
    )
    return Results(
        schema_version=SCHEMA_VERSION,
        created=created,
        model=card.name.removesuffix(f"_{card.variant}"),
        demonstration=card.training.demonstration,
        notice=NOTICE,
        pictures=_record(selection, cases),
        settings=settings,
        environment=describe_environment(load_before),
        models=_rows(assessed, judge_from_scores(selection, card), cases, measured),
        skipped=assessed.skipped,
    )


def _assess(models: Sequence[ModelFile], selection: Selection, options: RunOptions) -> _Assessed:
    """Let every variant assess the pictures; those for absent hardware are passed over."""
    assessed = _Assessed(files={}, judged={}, infos={}, skipped={})
    problems = []
    for model in models:
        variant = model.card.variant
        try:
            with LesionClassifier.open(
                model.path, runtime=options.runtime, threads=options.threads
            ) as classifier:
                assessed.judged[variant] = judge(classifier, selection.folder, selection.pictures)
                assessed.infos[variant] = classifier.info
                assessed.files[variant] = model
        except DelegateUnavailableError as error:
            assessed.skipped[variant] = str(error)
            problems.append(error)
    if not assessed.judged:
        raise problems[0]
    return assessed


def _queries(selection: Selection, cases: Cases) -> list[Path]:
    """The scored pictures in an order that mixes classes and sizes, and is always the same."""
    scored = [selection.pictures[i] for i in cases.kept]
    return [
        selection.folder / picture.file
        for picture in sorted(scored, key=lambda picture: (picture.sha256, picture.file))
    ]


def _record(selection: Selection, cases: Cases) -> PictureRecord:
    return PictureRecord(
        data=display_name(Path(selection.folder.resolve().name)),
        split=selection.split,
        chosen_by=SCORES_FILE if selection.scored else "folders",
        pictures=len(selection.pictures),
        scored=len(cases.kept),
        positive=int(cases.labels.sum()),
        groups=len(set(cases.groups.tolist())),
        unreadable_files=selection.unreadable,
        sha256=manifest_sha256(selection.pictures),
    )


def _rows(
    assessed: _Assessed,
    keras: Judged | None,
    cases: Cases,
    measured: dict[Path, list[Measurement]],
) -> tuple[ModelResult, ...]:
    rows = [] if keras is None else [_keras_row(keras, cases)]
    reference = assessed.judged.get(REFERENCE)
    for variant, judged in assessed.judged.items():
        model, info = assessed.files[variant], assessed.infos[variant]
        latency, memory = summarise(measured[model.path])
        accuracy = measure_accuracy(
            judged,
            cases,
            reference=None if variant == REFERENCE else reference,
            keras=keras,
        )
        rows.append(
            ModelResult(
                variant=variant,
                file=display_name(Path(model.path.name)),
                file_sha256=model.file_sha256,
                size_bytes=model.size_bytes,
                runtime=info.runtime,
                delegate=info.delegate,
                accuracy=accuracy,
                latency=latency,
                memory=memory,
            )
        )
    return tuple(rows)


def _keras_row(keras: Judged, cases: Cases) -> ModelResult:
    return ModelResult(
        variant=KERAS,
        file=None,
        file_sha256=None,
        size_bytes=None,
        runtime=None,
        delegate=None,
        accuracy=measure_accuracy(keras, cases, reference=None, keras=None),
        latency=None,
        memory=None,
    )
