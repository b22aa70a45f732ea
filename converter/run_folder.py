"""Reads what ``melanoma-train fit`` wrote."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from edge_runtime.contract.card import CardDraft, load_draft
from edge_runtime.contract.manifest import SCORES_FILE, ScoredPicture, read_scores
from edge_runtime.errors import CardMissingError, DatasetError, IntegrityError

MODEL_FILE, DRAFT_FILE, RUN_FILE = "model.keras", "card.json", "run.json"
TFLITE_MODEL_FILE = "model.tflite"  # of a model that was taken in as TFLite


@dataclass(frozen=True, kw_only=True)
class RunFolder:
    """A trained model with its pictures.

    Attributes:
        path: The folder.
        model: Path of the Keras model, or of the float TFLite model that was taken in.
        draft: What the trainer knows for the card.
        pictures: All pictures with the Keras model's outputs.
        data: Folder that the pictures are relative to.
    """

    path: Path
    model: Path
    draft: CardDraft
    pictures: tuple[ScoredPicture, ...]
    data: Path

    def split(self, name: str) -> list[ScoredPicture]:
        """The pictures of one split."""
        return [picture for picture in self.pictures if picture.split == name]


def open_run(path: Path, data: Path | None = None) -> RunFolder:
    """Read a run folder and verify that its parts belong together.

    Args:
        path: What ``melanoma-train fit``, or ``from-keras`` or ``from-tflite`` here, wrote.
        data: Where its pictures lie now; None takes the folder that it was trained from.

    Raises:
        CardMissingError: If this is no run folder.
        IntegrityError: If the Keras model is not the one that the draft names.
        DatasetError: If the pictures' folder is not there.
    """
    taken_in = path / TFLITE_MODEL_FILE
    model = taken_in if taken_in.is_file() else path / MODEL_FILE
    try:
        draft = load_draft((path / DRAFT_FILE).read_bytes())
        trained_from = Path(json.loads((path / RUN_FILE).read_bytes())["picture_folder"])
        model_sha256 = hashlib.sha256(model.read_bytes()).hexdigest()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CardMissingError(
            f"expected a run folder of melanoma-train fit with {DRAFT_FILE}, {RUN_FILE} and "
            f"{MODEL_FILE}. Received: {str(path)!r}: {error!r}. "
            "Name the folder given as --out there."
        ) from error
    if model_sha256 != draft.training.model_sha256:
        raise IntegrityError(
            f"expected the {model.name} that {DRAFT_FILE} names. Received: other bytes. "
            "Train again, or restore the run folder."
        )
    folder = data or trained_from
    if not folder.is_dir():
        raise DatasetError(
            f"expected the pictures of the run. Received: no folder {str(folder)!r}. "
            "Say where they lie now with --data."
        )
    return RunFolder(
        path=path,
        model=model,
        draft=draft,
        pictures=tuple(read_scores(path / SCORES_FILE)),
        data=folder,
    )
