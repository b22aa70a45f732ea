"""Stores each result in the journal before it is shown."""

import contextlib
import hashlib
import os
from pathlib import Path
from typing import Any

from edge_runtime.assessment import Assessment
from edge_runtime.console import display_name, log
from edge_runtime.contract.card import ModelCard, dump_card
from edge_runtime.contract.preprocess import read_picture
from edge_runtime.errors import InputError, JournalError, MelanomaError
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
            JournalError: If it, or the copy of its picture, cannot be stored; then it is not shown
                either.
        """
        if self._keep_images is not None:
            self._keep_image(self._keep_images, source, assessment.picture_sha256)
        self._journal.append(self._entry(source, assessment.card) | _assessed(assessment))
        self._shown.assessed(source, assessment)

    def failed(self, source: Path, error: MelanomaError) -> None:
        """Store and show why a picture has no assessment.

        Raises:
            JournalError: If it cannot be stored.
        """
        # The message may name the file.
        told = str(error) if self._keep_names else type(error).__name__
        entry = self._entry(source) | {"error": told, "picture_sha256": _sha256_of(source)}
        self._journal.append(entry)
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
        return {
            "source": display_name(source) if self._keep_names else None,
            "threshold": point.threshold,
            "rule": point.rule,
            "target": point.target,
            "model": card.name,
            "model_sha256": card.model_sha256,
            "card_sha256": self._digest[1],
            "notice": card.notice,
        }

    def _keep_image(self, folder: Path, source: Path, sha256: str) -> None:
        target = folder / f"{sha256}{source.suffix.lower()}"
        if target.exists():
            return
        try:
            encoded = read_picture(source)
        except InputError as error:
            log.warning("warning: a picture was not kept: %s", error)
            return
        if hashlib.sha256(encoded).hexdigest() != sha256:
            log.warning("warning: a picture changed while it was assessed; it was not kept")
            return
        try:
            _write_whole(target, encoded)
        except OSError as error:
            raise JournalError(
                f"expected a folder that pictures can be kept in. Received: {display_name(folder)}"
                f": {error.strerror}. Nothing was stored. Make room on the disk, or check "
                "permissions."
            ) from error


def _write_whole(target: Path, encoded: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f"{target.name}.{os.getpid()}.partial")
    try:
        with beside.open("wb") as stream:
            stream.write(encoded)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def _sha256_of(source: Path) -> str | None:
    """Digest of a picture that has no assessment; None if it cannot even be read."""
    with contextlib.suppress(InputError):
        return hashlib.sha256(read_picture(source)).hexdigest()
    return None


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
