"""The results of a training benchmark for people: tables, and what must be known to read them."""

from benchmarks.report import BUSY_LOAD, NOISY_SPREAD, NOTHING, significant
from benchmarks.training_results import Epochs, Ratio, TrainingResults

RATIO_COLUMNS = ("what", "without", "with", "ratio [range]", "goal")
EPOCH_COLUMNS = (
    "stage 2",
    "s an epoch",
    "pictures/s",
    "waits for input",
    "storing s / MB",
    "pays after",
)


def ratio_rows(results: TrainingResults) -> list[tuple[str, ...]]:
    """A row a comparison, in the order of :data:`RATIO_COLUMNS`."""
    stage_1 = results.stage_1
    return [
        (
            f"stage 1, {stage_1.epochs} epochs",
            f"{significant(stage_1.blog_computed_s)} s ({stage_1.blog_epochs_measured} epochs "
            f"measured, {stage_1.epochs} computed)",
            f"{significant(stage_1.ours.median_s)} s (measured whole)",
            _ratio_text(stage_1.ratio),
            _goal_text(stage_1.ratio),
        ),
        _same_auc_row(results),
        *(
            (
                f"stage 2, {one.unfreeze} free, an epoch",
                f"{significant(one.live.total.median_s)} s",
                f"{significant(one.stored.total.median_s)} s",
                _ratio_text(one.ratio),
                _goal_text(one.ratio),
            )
            for one in results.stage_2
        ),
    ]


def _same_auc_row(results: TrainingResults) -> tuple[str, ...]:
    same = results.same_auc
    without = f"{significant(same.blog_s)} s (epoch {same.blog_epoch})"
    label = f"stage 1, to validation ROC-AUC {same.valid_auc:.3f}"
    if same.ours_s is None or same.ratio is None:
        return label, without, "not reached", NOTHING, NOTHING
    ours = f"{significant(same.ours_s)} s (epoch {same.our_epoch})"
    return label, without, ours, significant(same.ratio), NOTHING


def epoch_rows(results: TrainingResults) -> list[tuple[str, ...]]:
    """A row a way of stage 2, in the order of :data:`EPOCH_COLUMNS`."""
    rows: list[tuple[str, ...]] = []
    for one in results.stage_2:
        storing = f"{significant(one.store_s)} / {one.stored_mb:.0f}"
        epochs = one.pays_after_epochs
        pays = "never" if epochs is None else f"{epochs} epoch" + ("s" if epochs > 1 else "")
        rows.append((f"{one.unfreeze}, stored", *_epoch_cells(one.stored), storing, pays))
        rows.append((f"{one.unfreeze}, live", *_epoch_cells(one.live), NOTHING, NOTHING))
    full = results.full
    rows.append((f"all ({full.unfreeze}), live", *_epoch_cells(full.live), NOTHING, NOTHING))
    return rows


def _epoch_cells(epochs: Epochs) -> tuple[str, str, str]:
    return (
        significant(epochs.total.median_s),
        significant(epochs.pictures_per_s),
        f"{epochs.wait_share:.1%}",
    )


def _ratio_text(ratio: Ratio) -> str:
    return f"{significant(ratio.value)} [{significant(ratio.low)}–{significant(ratio.high)}]"


def _goal_text(ratio: Ratio) -> str:
    return NOTHING if ratio.goal is None else f"≥ {ratio.goal:g}: {'' if ratio.met else 'not '}met"


def training_notes(results: TrainingResults) -> list[str]:
    """What the figures rest on and where they end; the last one is the notice."""
    settings, pictures, place = results.settings, results.pictures, results.environment
    stage_1 = results.stage_1
    network = f"InceptionV3 up to {settings.cut} on both sides"
    if settings.pool_from != settings.cut:
        network += f", ours pooled from {settings.pool_from}"
    if settings.pool_middle:
        network += ", ours also in the middle of each map"
    machine = ", ".join(results.gpus) or place.board or place.cpu or place.architecture
    return [
        f"Pictures: {pictures.train} training and {pictures.valid} validation pictures of "
        f"{pictures.data} ({pictures.positive} positive) at {settings.image_size} pixels, "
        f"{network}, on {machine}, {place.cores} cores.",
        f"Stage 1, ours: decoding {significant(stage_1.decode.median_s)} s, network and features "
        f"{significant(stage_1.features.median_s)} s, head {significant(stage_1.head.median_s)} s. "
        f"The baseline waits for decoded pictures {stage_1.blog_wait_share:.1%} of an epoch; "
        "building its network and its first steps are not counted.",
        f"Medians of {settings.repeats} repeats that took turns; ranges are those of the single "
        "repeats. An epoch includes validation; in stage 2 also the checkpoint.",
        "Pays after: epochs after which storing was the faster way, for "
        f"{settings.views} views of each training picture.",
        *_noise_notes(results),
        results.notice,
    ]


def _noise_notes(results: TrainingResults) -> list[str]:
    told = []
    before = results.environment.load_before
    if before is not None and before >= BUSY_LOAD:
        told.append(
            f"Other programs were running: load average {before:.1f} on "
            f"{results.environment.cores} cores before the benchmark. Repeat it on a quiet machine."
        )
    noisy = [f"{name} {spread:.0%}" for name, spread in _spreads(results) if spread > NOISY_SPREAD]
    if noisy:
        told.append(f"Noisy: repeats differ by more than {NOISY_SPREAD:.0%}: {', '.join(noisy)}.")
    return told


def _spreads(results: TrainingResults) -> list[tuple[str, float]]:
    stage_1 = results.stage_1
    named = [("baseline's epoch", stage_1.blog_epoch), ("our stage 1", stage_1.ours)]
    for one in results.stage_2:
        named.append((f"{one.unfreeze} stored", one.stored.total))
        named.append((f"{one.unfreeze} live", one.live.total))
    named.append(("all blocks live", results.full.live.total))
    return [(name, times.spread) for name, times in named]
