"""One benchmark from models and data to results: accuracy of every row, then latency in turns."""

import datetime as dt
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.accuracy import RESAMPLES, Cases, scored_cases
from benchmarks.baseline_rows import (
    BaselineOptions,
    PixelStore,
    Queries,
    baseline_results,
    judge_baselines,
    other_baselines,
)
from benchmarks.baselines import Baseline, bare_of, baseline_job
from benchmarks.environment import describe_environment, load_average
from benchmarks.judging import JudgedRows, computes, judge_rows
from benchmarks.kept_measurements import KeptMeasurements
from benchmarks.keras_scores import judge_from_scores
from benchmarks.latency import ROUNDS, WARMUP, device_job
from benchmarks.matrix import Row, choose_runtimes, make_matrix
from benchmarks.model_rows import RowContext, keras_row, model_rows
from benchmarks.models import ModelFile
from benchmarks.pictures import Selection, select_pictures
from benchmarks.results import (
    SCHEMA_VERSION,
    BaselineResult,
    PictureRecord,
    Results,
    Settings,
)
from benchmarks.turns import Job, Taken, take_turns
from edge_runtime.console import display_name, log
from edge_runtime.contract.card import NOTICE
from edge_runtime.contract.manifest import SCORES_FILE, manifest_sha256


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """What to measure and how.

    Attributes:
        data: The data set.
        split: One of ``pictures.SPLIT_CHOICES``.
        runtimes: Of ``matrix.RUNTIME_CHOICES``.
        threads: Of one inference, each of them.
        delegates: Each of them; empty takes what each variant requires.
        queries: For each row, at least 1.
        min_s: Seconds that each row is timed for, at least.
        repeat_noisy: How often noisy rows are measured again.
        pictures: Of the split, at most; None takes all.
        baselines: Other software that is measured too.
    """

    data: Path
    split: str
    runtimes: tuple[str, ...]
    threads: tuple[int, ...]
    delegates: tuple[str, ...]
    queries: int
    min_s: float
    repeat_noisy: int
    pictures: int | None
    baselines: BaselineOptions


@dataclass(frozen=True, kw_only=True)
class _Prepared:
    """What is known before anything is timed."""

    models: Sequence[ModelFile]
    selection: Selection
    rows: list[Row]
    judged: JudgedRows
    cases: Cases
    settings: Settings
    skipped: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class _Timed:
    """What was timed."""

    taken: Taken
    baselines: tuple[BaselineResult, ...]
    skipped: dict[str, str]


def run_benchmark(
    models: Sequence[ModelFile], options: RunOptions, kept: KeptMeasurements
) -> Results:
    """Measure all variants of a model, at least one.

    Raises:
        ContractError: If a model does not run as recorded.
        DatasetError: If the pictures cannot be told, or none can be scored.
        DeviceError: If no variant can run here.
    """
    created = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    load_before = load_average()
    card = models[0].card
    prepared = _prepare(models, options, kept)
    timed = _time(prepared, options, kept)
    if kept.found:
        log.info("taken up from an earlier start: %d measurements", kept.found)
    context = RowContext(
        models={model.card.variant: model for model in models},
        judged=prepared.judged,
        cases=prepared.cases,
        keras=judge_from_scores(prepared.selection, card),
        environment=describe_environment(load_before),
    )
    return Results(
        schema_version=SCHEMA_VERSION,
        created=created,
        model=card.name.removesuffix(f"_{card.variant}"),
        demonstration=card.training.demonstration,
        notice=NOTICE,
        pictures=_record(prepared.selection, prepared.cases),
        settings=prepared.settings,
        environment=context.environment,
        models=(*keras_row(context), *model_rows(prepared.rows, timed.taken, context)),
        skipped={**prepared.skipped, **timed.skipped},
        baselines=timed.baselines,
    )


def _prepare(models: Sequence[ModelFile], options: RunOptions, kept: KeptMeasurements) -> _Prepared:
    """Choose pictures and rows, and let every row assess the pictures."""
    card = models[0].card
    selection = select_pictures(
        models[0].path.parent, options.data, options.split, card, options.pictures
    )
    runtimes, unusable = choose_runtimes(options.runtimes)
    rows = make_matrix(models, runtimes, options.delegates, options.threads)
    judged = judge_rows(rows, models, selection, kept)
    return _Prepared(
        models=models,
        selection=selection,
        rows=[row for row in rows if computes(row) in judged.judged],
        judged=judged,
        cases=scored_cases(list(judged.judged.values()), selection.pictures, card.labels.positive),
        settings=_settings(options, runtimes),
        skipped={**unusable, **judged.skipped},
    )


def _time(prepared: _Prepared, options: RunOptions, kept: KeptMeasurements) -> _Timed:
    """All rounds of all rows and baselines, and what the baselines decide."""
    rows, settings = prepared.rows, prepared.settings
    cards = {model.card.variant: model.card for model in prepared.models}
    bare = [bare_of(row, cards[row.variant].preprocessing.size_hw) for row in rows]
    others = other_baselines(rows, prepared.models, options.baselines)
    with tempfile.TemporaryDirectory() as work:
        queries = _queries(prepared.selection, prepared.cases)
        pixels = PixelStore(folder=Path(work), queries=queries)
        groups = _groups(rows, bare, others, pixels, settings)
        taken = take_turns(groups, settings.rounds, kept, repeat_noisy=options.repeat_noisy)
        working = [one for one in others if one.label not in taken.failed]
        accuracies, problems = judge_baselines(
            working, pixels, prepared.judged, prepared.cases, cards, kept
        )
    return _Timed(
        taken=taken,
        baselines=baseline_results([*bare, *others], taken, accuracies),
        skipped={**taken.failed, **problems},
    )


def _groups(
    rows: Sequence[Row],
    bare: Sequence[Baseline],
    others: Sequence[Baseline],
    pixels: PixelStore,
    settings: Settings,
) -> list[list[Job]]:
    """Each row beside its bare loop, every other baseline alone."""

    def job(baseline: Baseline) -> Job:
        return baseline_job(baseline, pixels.of_size(baseline.size_hw), settings)

    pairs = [
        [device_job(row, pixels.queries.files, settings, pixels.queries.digest), job(loop)]
        for row, loop in zip(rows, bare, strict=True)
    ]
    return [*pairs, *([job(one)] for one in others)]


def _settings(options: RunOptions, runtimes: Sequence[str]) -> Settings:
    return Settings(
        runtime=options.runtimes[0],
        threads=options.threads[0],
        queries=options.queries,
        rounds=min(ROUNDS, options.queries),
        warmup=WARMUP,
        resamples=RESAMPLES,
        runtimes=tuple(runtimes),
        thread_counts=options.threads,
        min_s=options.min_s,
    )


def _queries(selection: Selection, cases: Cases) -> Queries:
    """The scored pictures in an order that mixes classes and sizes, and is always the same."""
    pictures = selection.pictures
    places = sorted(cases.kept, key=lambda place: (pictures[place].sha256, pictures[place].file))
    return Queries(
        places=tuple(places),
        files=tuple(selection.folder / pictures[place].file for place in places),
        digest=manifest_sha256([pictures[place] for place in places]),
    )


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
