"""Where assessments go: JSON lines for machines, a table for people."""

import json
from pathlib import Path
from typing import Any, Protocol

from edge_runtime.assessment import Assessment
from edge_runtime.console import display_name, print_table, write_line
from edge_runtime.contract.card import NOTICE, ModelCard
from edge_runtime.errors import MelanomaError
from edge_runtime.runner import RunnerInfo
from edge_runtime.runtime_note import runtime_note

DEMONSTRATION = "This is a demonstration model: its scores mean nothing."


class Sink(Protocol):
    """Takes one result a picture."""

    def assessed(self, source: Path, assessment: Assessment) -> None:
        """Take the assessment of a picture."""

    def failed(self, source: Path, error: MelanomaError) -> None:
        """Take the reason why a picture has none."""

    def close(self) -> None:
        """Show what is left to show."""


class JsonLines:
    """One JSON object a picture on stdout, written as soon as it is known."""

    def __init__(self, card: ModelCard, info: RunnerInfo) -> None:
        self._same = {
            "model": card.name,
            "variant": card.variant,
            "runtime": info.runtime,
            "delegate": info.delegate,
            "fallback": None,
            "frame_age_ms": None,
            "note": runtime_note(card.conversion.measured_on, info),
        }

    def assessed(self, source: Path, assessment: Assessment) -> None:
        """Write a row with score and decision."""
        score = None if assessment.score is None else round(assessment.score, 6)
        self._write(
            source=display_name(source),
            score=score,
            decision=str(assessment.decision),
            reasons=list(assessment.reasons),
            error=None,
            latency_ms=round(assessment.latency_ms, 3),
            # From the assessment, not the opened file: a fallback may have taken over.
            model=assessment.model,
            variant=assessment.variant,
            runtime=assessment.runtime,
            delegate=assessment.delegate,
            fallback=assessment.fallback,
            frame_age_ms=assessment.frame_age_ms,
        )

    def failed(self, source: Path, error: MelanomaError) -> None:
        """Write a row with the error and no score."""
        self._write(
            source=display_name(source),
            score=None,
            decision=None,
            reasons=[],
            error=str(error),
            latency_ms=None,
        )

    def close(self) -> None:
        """Nothing is held back."""

    def _write(self, **row: Any) -> None:
        write_line(json.dumps(row | {k: v for k, v in self._same.items() if k not in row}))


class Table:
    """A table on stdout once all pictures are done."""

    def __init__(self, card: ModelCard, info: RunnerInfo) -> None:
        self._card = card
        self._info = info
        self._rows: list[tuple[str, ...]] = []

    def assessed(self, source: Path, assessment: Assessment) -> None:
        """Keep a row with score and decision."""
        score = "–" if assessment.score is None else f"{assessment.score:.3f}"
        self._rows.append(
            (
                display_name(source),
                score,
                str(assessment.decision),
                f"{assessment.latency_ms:.0f} ms",
                "; ".join((*assessment.reasons, *filter(None, [assessment.fallback]))),
            )
        )

    def failed(self, source: Path, error: MelanomaError) -> None:
        """Keep a row with the error."""
        self._rows.append((display_name(source), "–", "ERROR", "–", str(error)))

    def close(self) -> None:
        """Show the table, what made it and what it is not."""
        point = self._card.operating_point
        print_table(("picture", "score", "decision", "latency", "reason"), self._rows)
        write_line()
        write_line(f"{self._card.name} on {self._info.runtime}, {self._info.delegate}")
        write_line(
            f"threshold {point.threshold:.3f}, chosen for {point.rule} {point.target:g}; "
            f"on {point.chosen_on} pictures: sensitivity {point.sensitivity}, "
            f"specificity {point.specificity}"
        )
        note = runtime_note(self._card.conversion.measured_on, self._info)
        if note is not None:
            write_line(note)
        if self._card.training.demonstration:
            write_line(DEMONSTRATION)
        write_line(NOTICE)
