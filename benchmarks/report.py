"""The results for people: one table, and what must be known to read it."""

from collections.abc import Sequence

from benchmarks.host_conditions import NOISY_SPREAD as NOISY_SPREAD
from benchmarks.report_reading import panels_of
from benchmarks.report_rows import DEVICE
from benchmarks.results import Figure, Memory, ModelResult, Results
from edge_runtime.contract.manifest import SCORES_FILE
from edge_runtime.contract.schema import to_json
from edge_runtime.sinks import DEMONSTRATION

COLUMNS = (
    "variant",
    "MB",
    "ROC-AUC",
    "sensitivity",
    "specificity",
    "flips",
    "max Δ logit / score",
    "ms p50 / p90",
    "invoke ms",
    "open ms",
    "MiB",
)
NOTHING = "–"
BUSY_LOAD = 0.5
# Fewer queries beyond a percentile than this say little about it.
MIN_BEYOND = 10


def table_rows(results: Results) -> list[tuple[str, ...]]:
    """A row a model, in the order of :data:`COLUMNS`."""
    names = _row_names(results)
    return [_row(name, model) for name, model in zip(names, results.models, strict=True)]


def _row_names(results: Results) -> list[str]:
    """The variants, with runtime, delegate and threads where rows differ in them."""
    rows = [row for panel in panels_of(to_json(results)) for row in panel.rows]
    device = iter([row.label for row in rows if row.kind == DEVICE])
    return [model.variant if model.latency is None else next(device) for model in results.models]


def _row(name: str, model: ModelResult) -> tuple[str, ...]:
    accuracy, latency = model.accuracy, model.latency
    differences = (accuracy.max_logit_difference, accuracy.max_score_difference)
    return (
        name,
        NOTHING if model.size_bytes is None else significant(model.size_bytes / 1e6),
        interval_text(accuracy.figures["roc_auc"], 3),
        interval_text(accuracy.figures["sensitivity"], 2),
        interval_text(accuracy.figures["specificity"], 2),
        NOTHING if accuracy.flips is None else str(accuracy.flips),
        NOTHING if None in differences else " / ".join(f"{value:.2g}" for value in differences),
        *(
            (NOTHING, NOTHING, NOTHING)
            if latency is None
            else (
                f"{significant(latency.end_to_end.p50_ms)} / "
                f"{significant(latency.end_to_end.p90_ms)}",
                significant(latency.invoke.p50_ms),
                significant(latency.open_ms),
            )
        ),
        _memory_text(model.memory),
    )


def _memory_text(memory: Memory | None) -> str:
    if memory is None or memory.steady_mib is None or memory.peak_mib is None:
        return NOTHING
    return f"{memory.steady_mib:.0f} / {memory.peak_mib:.0f}"


def interval_text(figure: Figure, digits: int) -> str:
    """As in ``0.880 [0.841–0.912]``; a dash beside a minus sign becomes ``to``."""
    if figure.value is None:
        return "undefined"
    if figure.low is None or figure.high is None:
        return f"{figure.value:.{digits}f} [undefined]"
    until = "–" if figure.low >= 0 else " to "
    return f"{figure.value:.{digits}f} [{figure.low:.{digits}f}{until}{figure.high:.{digits}f}]"


def significant(value: float) -> str:
    """Three significant digits, without an exponent."""
    decimals = 0 if value >= 99.95 else 1 if value >= 9.995 else 2
    return f"{value:.{decimals}f}"


def markdown(results: Results) -> str:
    """The table and its notes as Markdown."""
    rows = [COLUMNS, tuple("---" for _ in COLUMNS), *table_rows(results)]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    title = f"# {results.model}, {results.created}"
    return "\n".join([title, "", *lines, "", *(f"- {note}" for note in notes(results)), ""])


def notes(results: Results) -> list[str]:
    """What the figures rest on and where they end; the last one is the notice."""
    return [
        *_picture_notes(results),
        *_accuracy_notes(results),
        *_latency_notes(results),
        *(f"{variant} was left out: {why}" for variant, why in results.skipped.items()),
        *([DEMONSTRATION] if results.demonstration else []),
        results.notice,
    ]


def _picture_notes(results: Results) -> list[str]:
    record = results.pictures
    decisions = results.models[-1].accuracy.decisions
    which = "" if record.split == "all" else f"{record.split} "
    told = [
        f"Pictures: {record.scored} of {record.pictures} {which}pictures of {record.data} "
        f"({record.positive} positive, {record.scored - record.positive} negative; "
        f"{record.groups} lesions), chosen by {record.chosen_by}."
    ]
    if decisions.retake or decisions.unreadable:
        told.append(
            f"Left out of all figures: {decisions.retake} to RETAKE, "
            f"{decisions.unreadable} that could not be used."
        )
    if record.unreadable_files:
        told.append(f"{record.unreadable_files} files of the data set could not be read.")
    told += _split_notes(record.split, record.chosen_by)
    return told


def _split_notes(split: str, chosen_by: str) -> list[str]:
    if chosen_by != SCORES_FILE:
        return ["Whether the model was trained on some of these pictures was not checked."]
    if split == "valid":
        return ["The thresholds were chosen on these pictures: the figures are optimistic."]
    if split in ("train", "all"):
        return ["The model was trained on these pictures: the figures are far too good."]
    return []


def _accuracy_notes(results: Results) -> list[str]:
    changes = [
        f"{model.variant} {interval_text(model.accuracy.roc_auc_change, 3)}"
        for model in results.models
        if model.accuracy.roc_auc_change is not None
    ]
    told = [
        "Intervals: 95 %, bootstrap over lesions, Wilson's for a share of 0 or 1. "
        "Sensitivity and specificity at the threshold of each variant."
    ]
    if changes:
        told.append(
            "ROC-AUC minus that of float32, on the same pictures, by bootstrap (melanoma-bench "
            f"report gives DeLong's interval): {'; '.join(changes)}. "
            "Flips: decisions other than those of float32."
        )
    if any(model.variant == "keras" for model in results.models):
        told.append("keras and max Δ: against the logits and scores that the trainer wrote down.")
    return told


def _latency_notes(results: Results) -> list[str]:
    settings, place = results.settings, results.environment
    measured = [model for model in results.models if model.latency is not None]
    queries = max(model.latency.queries for model in measured if model.latency is not None)
    counts = settings.thread_counts or (settings.threads,)
    threads = " and ".join(map(str, counts)) + " thread" + ("s" if max(counts) > 1 else "")
    machine = place.board or place.cpu or place.architecture
    governor = f", governor {place.governor}" if place.governor else ""
    told = [
        f"Latency: picture file to decision; of that, invoke p50; open: until the first picture. "
        f"{queries} queries in {settings.rounds} rounds on {machine}, {place.cores} cores"
        f"{governor}, {threads}, {measured[0].runtime}. MiB: resident, steady / peak.",
        "Latency holds for this machine only: never rank variants for a board by figures from "
        "a desktop. Processors without int8 dot products favour float.",
    ]
    told.append(_energy_note(measured))
    if queries * 0.1 < MIN_BEYOND:
        told.append(f"Few queries: p90 rests on the slowest {max(1, round(queries * 0.1))}.")
    return told + _noise_notes(results, measured)


def _energy_note(measured: Sequence[ModelResult]) -> str:
    known = [model for model in measured if model.energy is not None]
    if not known or known[0].energy is None:
        return "Energy was not measured: no meter was found (INA2xx or another sensor, or RAPL)."
    rows = ", ".join(
        f"{model.variant} {model.threads} thread(s) {model.energy.picture_j:.3g}"
        for model in known
        if model.energy is not None
    )
    return f"Energy, joules a picture by {known[0].energy.meter}, idle need included: {rows}."


def _noise_notes(results: Results, measured: Sequence[ModelResult]) -> list[str]:
    told = []
    before = results.environment.load_before
    if before is not None and before >= BUSY_LOAD:
        told.append(
            f"Other programs were running: load average {before:.1f} on "
            f"{results.environment.cores} cores before the benchmark. Repeat it on a quiet machine."
        )
    spreads = {
        model.variant: max(model.latency.round_invoke_p50_ms)
        / min(model.latency.round_invoke_p50_ms)
        - 1
        for model in measured
        if model.latency is not None
    }
    noisy = [
        f"{variant} {spread:.0%}" for variant, spread in spreads.items() if spread > NOISY_SPREAD
    ]
    if noisy:
        told.append(f"Noisy: the p50 of invoke differs between rounds by {', '.join(noisy)}.")
    return told
