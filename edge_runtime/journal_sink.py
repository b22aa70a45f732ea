"""Stores each result in the journal before it is shown."""

import hashlib
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from edge_runtime.assessment import Assessment
from edge_runtime.console import display_name, log
from edge_runtime.contract.card import ModelCard, dump_card
from edge_runtime.contract.preprocess import read_picture
from edge_runtime.errors import MelanomaError
from edge_runtime.journal import Journal
from edge_runtime.sinks import Sink


class JournalSink:
    """Appends a row a picture, then hands the result on.

    No picture is kept and, unless asked for, no file name: both can tell who a patient is.
    """

    def __init__(
        self,
        journal: Journal,
        card: ModelCard,
        shown: Sink,
        *,
        keep_names: bool = False,
        keep_images: Path | None = None,
    ) -> None:
        """Join a journal and the sink that shows the results.

        Args:
            journal: Where rows go.
            card: Of the model that decides.
            shown: What shows a result once its row is stored.
            keep_names: Whether to store the names of the pictures' files.
            keep_images: Folder that gets a copy of each picture, named by its digest.
        """
        self._journal, self._card, self._shown = journal, card, shown
        self._keep_names, self._keep_images = keep_names, keep_images
        self._digest = card, _card_sha256(card)

    def assessed(self, source: Path, assessment: Assessment) -> None:
        """Store and show an assessment.

        Raises:
            JournalError: If it cannot be stored; then it is not shown either.
        """
        if self._keep_images is not None:
            self._keep_image(source, assessment.picture_sha256)
        self._journal.append(self._entry(source, assessment.card) | _assessed(assessment))
        self._shown.assessed(source, assessment)

    def failed(self, source: Path, error: MelanomaError) -> None:
        """Store and show why a picture has no assessment.

        Raises:
            JournalError: If it cannot be stored.
        """
        # The message may name the file.
        told = str(error) if self._keep_names else type(error).__name__
        self._journal.append(self._entry(source) | {"error": told})
        self._shown.failed(source, error)

    def close(self) -> None:
        """Show what is left to show, and close the journal."""
        self._shown.close()
        self._journal.close()

    def _entry(self, source: Path, card: ModelCard | None = None) -> dict[str, Any]:
        card = card or self._card
        if card is not self._digest[0]:
            self._digest = card, _card_sha256(card)
        point = card.operating_point
        now = datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="milliseconds")
        return {
            "time": now,
            "source": display_name(source) if self._keep_names else None,
            "threshold": point.threshold,
            "rule": point.rule,
            "target": point.target,
            "model": card.name,
            "model_sha256": card.model_sha256,
            "card_sha256": self._digest[1],
            "notice": card.notice,
        }

    def _keep_image(self, source: Path, sha256: str) -> None:
        folder = self._keep_images or Path()
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / f"{sha256}{source.suffix.lower()}"
        encoded = read_picture(source)
        if hashlib.sha256(encoded).hexdigest() != sha256:
            log.warning("warning: a picture changed while it was assessed; it was not kept")
            return
        beside = target.with_name(target.name + ".partial")
        beside.write_bytes(encoded)
        beside.replace(target)


def _card_sha256(card: ModelCard) -> str:
    return hashlib.sha256(dump_card(card).encode()).hexdigest()


def _assessed(assessment: Assessment) -> dict[str, Any]:
    return {
        "picture_sha256": assessment.picture_sha256,
        "decision": str(assessment.decision),
        "score": assessment.score,
        "logit": assessment.logit,
        "reasons": list(assessment.reasons),
        "error": None,
        "runtime": assessment.runtime,
        "delegate": assessment.delegate,
        "fallback": assessment.fallback,
        "frame_age_ms": assessment.frame_age_ms,
        "preprocess_ms": round(assessment.preprocess_ms, 3),
        "invoke_ms": round(assessment.invoke_ms, 3),
        "latency_ms": round(assessment.latency_ms, 3),
    }
