"""Numbers as the page writes them."""

from benchmarks.report import significant
from benchmarks.results import Figure, ModelResult

NOTHING = "–"
_WORDS = ("no", "one", "two", "three", "four", "five", "six")


def number_word(count: int) -> str:
    """A small number in words."""
    return _WORDS[count] if count < len(_WORDS) else str(count)


def megabytes(model: ModelResult) -> str:
    """Size of the file."""
    return NOTHING if model.size_bytes is None else f"{significant(model.size_bytes / 1e6)} MB"


def latency_p50(model: ModelResult) -> str:
    """Median time from picture file to decision."""
    if model.latency is None:
        return NOTHING
    return f"{significant(model.latency.end_to_end.p50_ms)} ms"


def variant_name(model: ModelResult) -> str:
    """Keras is a name, the others are what the files are called by."""
    return "Keras" if model.variant == "keras" else model.variant


def bounds(figure: Figure) -> str:
    """The interval alone."""
    if figure.low is None or figure.high is None:
        return "interval undefined"
    return f"{figure.low:.3f}–{figure.high:.3f}"


def percent(share: float) -> str:
    """A share in [0, 1] as a length in CSS."""
    return f"{100 * min(1.0, max(0.0, share)):.2f}%"
