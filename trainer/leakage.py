"""Looks for copies before training, and refuses given splits that share pictures."""

from collections.abc import Mapping
from dataclasses import dataclass

from edge_runtime.console import log
from trainer.audit import Audit, audit_dataset
from trainer.audit.findings import as_text
from trainer.dataset import Dataset
from trainer.errors import LeakageError


@dataclass(frozen=True, kw_only=True)
class Leakage:
    """What training has to know of copies.

    Attributes:
        clusters: Cluster of copies by file, for files that have any.
        leaked_pictures: Pictures of copies, lesions or patients that lie in more than one of the
            given splits; 0 where there are none.
    """

    clusters: Mapping[str, str]
    leaked_pictures: int


def check_leakage(dataset: Dataset, *, allow: bool) -> Leakage:
    """Audit the data set, and refuse it if something lies in more than one of its given splits.

    Args:
        dataset: The pictures that are to be trained on, with the splits that were given.
        allow: Go on in spite of leaks, and count them.

    Raises:
        LeakageError: If a copy, a lesion or a patient crosses the given splits and ``allow`` is
            false.
    """
    audit = audit_dataset(dataset)
    _report(audit)
    leaked = len(audit.leaked_files)
    if leaked and not allow:
        raise LeakageError(
            "expected every picture, lesion and patient in one of the given splits. "
            f"Received: {leaked} pictures across splits ({audit.leak_kinds}). See them with "
            "melanoma-train audit DATA --report audit.html; move each group into one split, or "
            "give the pictures without split folders. --allow-leakage trains nevertheless: the "
            "figures will be too good, and the card says so."
        )
    if leaked:
        log.warning(
            "warning: %d pictures across splits (%s): the figures will be too good",
            leaked,
            audit.leak_kinds,
        )
    return Leakage(clusters=audit.clusters, leaked_pictures=leaked)


def _report(audit: Audit) -> None:
    log.info("audit: %d exact copies, %d near copies", audit.surplus_copies, len(audit.near_copies))
    if audit.disagreements:
        first = (f"{file} {label}" for file, label in audit.disagreements[0].labels.items())
        log.warning(
            "warning: %d copies or lesions have several labels, the first: %s; "
            "melanoma-train audit lists them",
            len(audit.disagreements),
            as_text(", ".join(first)),
        )
