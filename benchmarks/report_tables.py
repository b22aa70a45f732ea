"""A report's figures as tables of text, for the page and for a README."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.report import NOTHING, significant
from benchmarks.report_rows import (
    BASELINE,
    DEVICE,
    KERAS_LOGITS,
    Interval,
    Panel,
    ReportRow,
)
from edge_runtime.contract.card import NOTICE

Column = tuple[str, Callable[[ReportRow], str]]


@dataclass(frozen=True, kw_only=True)
class Table:
    """A title, headings, and rows that begin with the row's label."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables(panel: Panel) -> list[Table]:
    """Everything that is known of the panel's rows; columns without any figure are left out."""
    made = (
        _table(title, columns, [row for row in panel.rows if row.kind in kinds])
        for title, columns, kinds in _TABLES
    )
    return [table for table in made if table is not None]


def _table(title: str, columns: Sequence[Column], rows: Sequence[ReportRow]) -> Table | None:
    cells = {name: [text(row) for row in rows] for name, text in columns}
    kept = {name: texts for name, texts in cells.items() if set(texts) != {NOTHING}}
    told = [
        (row.label, *texts)
        for row, *texts in zip(rows, *kept.values(), strict=True)
        if set(texts) != {NOTHING}
    ]
    if not told:
        return None
    return Table(title=title, head=("row", *kept), rows=tuple(told))


def markdown_tables(panels: Sequence[Panel]) -> str:
    """One short table a host, for a README, with what must be known to read it.

    Rows without a figure of accuracy of their own, such as the bare loop, stand on the page alone.
    """
    parts = []
    for panel in panels:
        table = _table("", _SHORT, [row for row in panel.rows if row.figures])
        if table is None:
            continue
        lines = [table.head, tuple("---" for _ in table.head), *table.rows]
        parts += [
            f"**{panel.title}** ({panel.host_detail}; {panel.created[:10]})",
            "",
            *(
                "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |"
                for line in lines
            ),
            "",
        ]
    parts += [
        "Brackets: 95 % intervals. Latency in milliseconds; it holds for the named machine only, "
        f"and rows of different machines are not ranked against each other. {NOTICE}",
        "",
    ]
    return "\n".join(parts)


def interval(figure: Interval | None, digits: int, *, signed: bool = False) -> str:
    """As in ``0.880 [0.841–0.912]``; a dash beside a minus sign becomes ``to``."""
    if figure is None:
        return NOTHING
    plus = "+" if signed else ""
    value, low, high = (
        None if end is None else f"{end:{plus}.{digits}f}".replace("-", "−")
        for end in (figure.value, figure.low, figure.high)
    )
    if low is None or high is None:
        return str(value)
    until = " to " if "−" in low or signed else "–"
    return f"{value} [{low}{until}{high}]"


def _figure(name: str, digits: int = 3) -> Callable[[ReportRow], str]:
    return lambda row: interval(row.figures.get(name), digits)


def _change(name: str) -> Callable[[ReportRow], str]:
    return lambda row: interval(getattr(row.differences, name, None), 3, signed=True)


def _p(name: str) -> Callable[[ReportRow], str]:
    def text(row: ReportRow) -> str:
        value = getattr(row.differences, name, None)
        if value is None:
            return NOTHING
        return "< 0.001" if value < 0.001 else f"{value:.3f}"

    return text


def _flips(row: ReportRow) -> str:
    found = row.differences
    if found is None or found.flips is None:
        return NOTHING
    if found.gained is None or found.lost is None:
        return str(found.flips)
    return f"{found.flips} (+{found.gained} −{found.lost})"


def _spread(stage: str) -> Callable[[ReportRow], str]:
    def text(row: ReportRow) -> str:
        spread = row.stages.get(stage)
        if spread is None:
            return NOTHING
        return " / ".join(significant(v) for v in (spread.p50_ms, spread.p90_ms, spread.p99_ms))

    return text


def _median(stage: str) -> Callable[[ReportRow], str]:
    return lambda row: _number(row.stages[stage].p50_ms if stage in row.stages else None)


def _start(name: str) -> Callable[[ReportRow], str]:
    return lambda row: _number(row.starts_ms.get(name))


def _number(value: float | None) -> str:
    return NOTHING if value is None else significant(value)


def _memory(row: ReportRow) -> str:
    if row.steady_mib is None or row.peak_mib is None:
        return NOTHING
    return f"{row.steady_mib:.0f} / {row.peak_mib:.0f}"


def _rounds(row: ReportRow) -> str:
    if not row.rounds_ms:
        return NOTHING
    return f"{significant(min(row.rounds_ms))}–{significant(max(row.rounds_ms))}"


def _text(value: object) -> str:
    return NOTHING if value in (None, "") else str(value)


_ACCURACY: tuple[Column, ...] = (
    ("ROC-AUC", _figure("roc_auc")),
    ("PR-AUC", _figure("pr_auc")),
    ("sensitivity", _figure("sensitivity", 2)),
    ("specificity", _figure("specificity", 2)),
    ("ECE", _figure("ece")),
    ("Brier", _figure("brier")),
)
_DIFFERENCES: tuple[Column, ...] = (
    ("Δ ROC-AUC", _change("roc_auc")),
    ("p, DeLong", _p("roc_auc_p")),
    ("Δ sensitivity", _change("sensitivity")),
    ("Δ specificity", _change("specificity")),
    ("flips (gained, lost)", _flips),
    ("p, McNemar", _p("mcnemar_p")),
)
_LATENCY: tuple[Column, ...] = (
    ("inference p50 / p90 / p99, ms", _spread("invoke")),
    ("medians of rounds, ms", _rounds),
    ("p90 bound, ms", lambda row: _number(row.bound_p90_ms)),
    ("end to end p50 / p90 / p99, ms", _spread("end_to_end")),
    ("read, decode, resize, ms", _median("preprocess")),
    ("of that resize, ms", _median("resize")),
    ("by the bare loop", lambda row: interval(row.to_bare, 3)),
    ("queries", lambda row: _text(row.queries)),
    ("pictures/s", lambda row: _number(row.throughput_per_s)),
)
_FOOTPRINT: tuple[Column, ...] = (
    ("size, MB", lambda row: _number(row.size_mb)),
    ("memory steady / peak, MiB", _memory),
    ("open, ms", _start("open")),
    ("load, ms", _start("load")),
    ("first picture, ms", _start("first")),
    ("energy a picture, J", lambda row: interval(row.energy_j, 3)),
)
_CONDITIONS: tuple[Column, ...] = (
    ("software", lambda row: _text(row.software)),
    ("delegate", lambda row: _text(row.delegate)),
    ("threads", lambda row: _text(row.threads)),
    ("noise", lambda row: "; ".join(row.noisy) or NOTHING),
)
_ALL = (DEVICE, BASELINE, KERAS_LOGITS)
_TABLES = (
    ("Accuracy", _ACCURACY, _ALL),
    ("Against float32, on the same pictures", _DIFFERENCES, (DEVICE,)),
    ("Other software against the device's code with the same file", _DIFFERENCES, (BASELINE,)),
    ("Latency", _LATENCY, _ALL),
    ("Size, memory and start", _FOOTPRINT, _ALL),
    ("What ran", _CONDITIONS, _ALL),
)
_SHORT: tuple[Column, ...] = (
    *_ACCURACY[:1],
    *_ACCURACY[2:4],
    ("inference p50 / p90 / p99, ms", _spread("invoke")),
    ("end to end p50, ms", _median("end_to_end")),
    *_FOOTPRINT[:2],
)
