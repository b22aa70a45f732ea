"""Reads what ``melanoma-train fit`` wrote."""

import csv
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_runtime.console import display_name, log
from edge_runtime.contract.card import CardDraft, load_draft
from edge_runtime.contract.manifest import SCORES_FILE, SPLITS, ScoredPicture, read_scores
from edge_runtime.errors import DatasetError, InputError, IntegrityError, MelanomaError
from trainer.bundle import DRAFT_FILE, MODEL_FILE, RUN_FILE
from trainer.dataset import find_dataset
from trainer.evaluation.cases import Cases
from trainer.lesion_kinds import parse_classes

HISTORY_FILE = "history.csv"
OUT_OF_FOLD, OUT_OF_FOLD_FILE = "out-of-fold", "out_of_fold.csv"
OUT_OF_FOLD_NAME = "out-of-fold scores"
_OUT_OF_FOLD_REMARK = (
    "Decisions are at the threshold of the model that was kept. Those that fit states, out_of_fold "
    "in the run's metrics.json, are at each fold's own."
)


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run folder.

    Attributes:
        folder: Its path.
        draft: Card draft: preprocessing, temperature, operating point, training record.
        scored: Every usable picture of the data set with the model's output.
        record: Content of its ``run.json``; empty if it has none.
    """

    folder: Path
    draft: CardDraft
    scored: tuple[ScoredPicture, ...]
    record: dict[str, Any]

    @property
    def data(self) -> Path | None:
        """The folder or table it was trained on, if the record names one that is still there."""
        named = self.record.get("options", {}).get("data") or self.record.get("picture_folder")
        return Path(named) if isinstance(named, str) and Path(named).exists() else None

    @property
    def picture_folder(self) -> Path | None:
        """What its pictures' paths are relative to; None where that is gone."""
        named = self.record.get("picture_folder") or self.data
        return Path(named) if named and Path(named).is_dir() else None

    @property
    def default_split(self) -> str:
        """``test``, or ``out-of-fold`` for a run that was cross-validated."""
        tested = any(picture.split == "test" for picture in self.scored)
        folds = not tested and (self.folder / OUT_OF_FOLD_FILE).exists()
        return OUT_OF_FOLD if folds else "test"

    @property
    def classes(self) -> dict[str, str]:
        """Class by kind of lesion that the run was told, for its table of pictures."""
        try:
            return parse_classes(str(self.record.get("options", {}).get("classes", "")))
        except ValueError as error:
            raise DatasetError(
                f"expected the classes in {RUN_FILE} as fit wrote them. {error}. "
                "Restore the run folder, or train again."
            ) from error

    @property
    def history(self) -> list[dict[str, float]]:
        """One row per epoch; empty if the run kept none."""
        try:
            with (self.folder / HISTORY_FILE).open(newline="", encoding="utf-8") as stream:
                return [
                    {name: float(value) for name, value in row.items()}
                    for row in csv.DictReader(stream)
                ]
        except (OSError, ValueError, TypeError):
            return []

    @property
    def kept_epoch(self) -> int:
        """Epoch of the history that the weights are from; 0 if the run does not say."""
        named = self.record.get("best_epoch")
        return named if isinstance(named, int) else 0


def read_run(folder: Path) -> Run:
    """The run folder, once its card draft and its scores are known to be whole.

    Raises:
        InputError: If it is no run folder.
        DatasetError: If its scores are damaged.
        ContractError: If its card draft is damaged.
    """
    try:
        draft = load_draft((folder / DRAFT_FILE).read_bytes())
    except OSError as error:
        raise InputError(
            f"expected a run folder with {DRAFT_FILE}. Received: {display_name(folder)}: "
            f"{error.strerror}. Name a folder that melanoma-train fit wrote."
        ) from error
    return Run(
        folder=folder,
        draft=draft,
        scored=tuple(read_scores(folder / SCORES_FILE)),
        record=_read_record(folder / RUN_FILE),
    )


def _read_record(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def cases_of_split(run: Run, split: str) -> Cases:
    """The run's own pictures of one split, with their metadata where the data are still there.

    Args:
        run: The run.
        split: ``train``, ``valid``, ``test``, or ``out-of-fold``: all pictures, each scored by
            the model of a fold that did not see it.

    Raises:
        DatasetError: If the split has no pictures.
    """
    if split == OUT_OF_FOLD:
        pictures = _out_of_fold_scores(run)
    else:
        pictures = [picture for picture in run.scored if picture.split == split]
    if not pictures:
        known = [name for name in SPLITS if any(p.split == name for p in run.scored)]
        raise DatasetError(
            f"expected pictures of the split in {SCORES_FILE}. Received: split={split!r}, "
            f"of which there are none. Use one of: {', '.join(known)}."
        )
    metadata, remarks = _metadata(run, {p.file: p.sha256 for p in pictures})
    if split == OUT_OF_FOLD:
        remarks = (*remarks, _OUT_OF_FOLD_REMARK)
    return Cases(
        name=OUT_OF_FOLD_NAME if split == OUT_OF_FOLD else f"{split} split",
        pictures=pictures,
        metadata=metadata,
        folder=run.picture_folder,
        remarks=remarks,
    )


def _out_of_fold_scores(run: Run) -> list[ScoredPicture]:
    path = run.folder / OUT_OF_FOLD_FILE
    if not path.exists():
        raise DatasetError(
            f"expected a run that was cross-validated, for --split {OUT_OF_FOLD}. Received: "
            f"{display_name(run.folder)}, without {OUT_OF_FOLD_FILE}. Train with --folds, or "
            f"use another --split."
        )
    return read_scores(path)


def _metadata(
    run: Run, wanted: dict[str, str]
) -> tuple[dict[str, dict[str, str]], tuple[str, ...]]:
    """Rows of the wanted files whose content is that of training, and what is missing."""
    if run.data is None:
        return {}, (
            "The folder of training pictures is not there: no subgroups, no skin tone, "
            "no contact sheet.",
        )
    try:
        found = find_dataset(run.data, classes=run.classes).pictures
    except MelanomaError as error:
        log.warning("warning: no metadata: %s", error)
        return {}, ("The folder of training pictures cannot be read as one: no subgroups.",)
    rows = {p.file: dict(p.metadata) for p in found if wanted.get(p.file) == p.sha256}
    missing = len(wanted) - len(rows)
    if missing:
        return rows, (
            f"{missing} pictures are not in the data folder as they were at training; "
            "their subgroups are unknown.",
        )
    return rows, ()


def require_same_model(run: Run) -> Path:
    """Path of the Keras model, once it is known to be the one that the card draft names.

    Raises:
        InputError: If it is missing.
        IntegrityError: If its bytes have changed.
    """
    path = run.folder / MODEL_FILE
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(
            f"expected the model {MODEL_FILE} in the run folder. Received: {error.strerror}. "
            "Copy the whole run folder, or train again."
        ) from error
    if digest != run.draft.training.model_sha256:
        raise IntegrityError(
            f"expected {MODEL_FILE} as it was trained. Received: sha256={digest[:16]}…, "
            f"{DRAFT_FILE} names {run.draft.training.model_sha256[:16]}…. "
            "Restore the run folder, or train again."
        )
    return path
