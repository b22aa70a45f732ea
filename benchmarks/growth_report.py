"""The growth of cost for people: a table of exponents, and what must be known to read it."""

from benchmarks.growth_fit import PowerLaw
from benchmarks.growth_results import GrowthResults
from benchmarks.report import NOTHING
from benchmarks.report_host import host_detail, host_name
from edge_runtime.contract.schema import to_json

COLUMNS = ("what grows", "variant", "cost", "exponent [95 %]", "points")
_STUDIES = {
    "image_size": "image side",
    "cut": "cut, by",
    "interpreters": "interpreters, up to the cores",
    "training": "training set",
}
BUSY_LOAD = 0.5


def exponent_text(law: PowerLaw | None) -> str:
    """As in ``1.98 [1.90–2.06]``; two points have no interval."""
    if law is None:
        return NOTHING
    if law.low is None or law.high is None:
        return f"{_signed(law.exponent)} [two points]"
    low, until = _signed(law.low), "–" if law.low >= 0 else " to "
    return f"{_signed(law.exponent)} [{low}{until}{_signed(law.high)}]"


def _signed(value: float) -> str:
    """Two decimals with a typographic minus sign; zero has none."""
    return f"{round(value, 2) + 0.0:.2f}".replace("-", "−")


def growth_rows(results: GrowthResults) -> list[tuple[str, ...]]:
    """A row a curve, in the order of :data:`COLUMNS`."""
    return [
        (
            f"{_STUDIES[one.study]} {one.x}" if one.study == "cut" else _STUDIES[one.study],
            one.variant,
            one.y,
            exponent_text(one.law),
            NOTHING if one.law is None else str(one.law.points),
        )
        for one in results.growth
    ]


def growth_notes(results: GrowthResults) -> list[str]:
    """What the figures rest on; the last one is the notice."""
    environment = to_json(results.environment)
    notes = [
        "Exponent k of cost = factor × xᵏ: least squares on logarithms, over all rounds; 1 is "
        "proportional, 2 the square. A curve that is no straight line widens the interval.",
        f"InceptionV3 with random weights on {host_name(environment)}, {host_detail(environment)}, "
        f"{results.software}, one thread an interpreter. Memory: what loading and running add.",
        "Training: the trainer's stage 1, features and 15 epochs of the head, without building "
        "the network.",
    ]
    load = results.environment.load_before
    if load is not None and load >= BUSY_LOAD:
        notes.append(f"Other programs were running: load average {load:.1f} before. Repeat it.")
    if results.quick:
        notes.append("Quick: few points, each measured once. Not for citing.")
    return [*notes, results.notice]


def growth_markdown(results: GrowthResults) -> str:
    """The table and its notes as Markdown."""
    rows = [COLUMNS, tuple("---" for _ in COLUMNS), *growth_rows(results)]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([*lines, "", *(f"- {note}" for note in growth_notes(results)), ""])
