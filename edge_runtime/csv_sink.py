"""Results as CSV, safe to open in a spreadsheet."""

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from edge_runtime.assessment import Assessment
from edge_runtime.console import display_name, write_line
from edge_runtime.contract.card import NOTICE
from edge_runtime.errors import MelanomaError

COLUMNS = (
    *("source", "picture_sha256", "decision", "score", "reasons", "error", "latency_ms"),
    *("model", "variant", "runtime", "delegate", "fallback", "notice"),
)
# https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


class CsvRows:
    """One line a picture on stdout, written as soon as it is known."""

    def __init__(self) -> None:
        """Write the names of the columns."""
        write_line(_line(COLUMNS))

    def assessed(self, source: Path, assessment: Assessment) -> None:
        """Write a row with score and decision."""
        self._write(
            source,
            picture_sha256=assessment.picture_sha256,
            decision=str(assessment.decision),
            score="" if assessment.score is None else f"{assessment.score:.6f}",
            reasons="; ".join(assessment.reasons),
            latency_ms=f"{assessment.latency_ms:.3f}",
            model=assessment.model,
            variant=assessment.variant,
            runtime=assessment.runtime,
            delegate=assessment.delegate,
            fallback=assessment.fallback or "",
        )

    def failed(self, source: Path, error: MelanomaError) -> None:
        """Write a row with the error and no score."""
        self._write(source, error=str(error))

    def close(self) -> None:
        """Nothing is held back."""

    def _write(self, source: Path, **row: str) -> None:
        named = {"source": display_name(source), "notice": NOTICE, **row}
        write_line(_line(spreadsheet_safe(named.get(column, "")) for column in COLUMNS))


def _line(cells: Iterable[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()


def spreadsheet_safe(text: str) -> str:
    """The text, with a quote before what a spreadsheet would take for a formula."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
