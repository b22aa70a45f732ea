"""Outputs of a run's Keras model on pictures, from one view of each or from eight."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.console import display_name, log, progress
from edge_runtime.contract.manifest import Picture, ScoredPicture
from edge_runtime.contract.operating_point import scores_from_logits
from edge_runtime.errors import DatasetError
from trainer.backend import import_keras
from trainer.dataset import LabelledPicture, find_dataset
from trainer.decoding import decoded_batches
from trainer.evaluation.cases import Cases
from trainer.evaluation.run_folder import Run, require_same_model
from trainer.groups import group_names, group_of
from trainer.model import LOGIT_LAYER

BATCH_SIZE = 32
VIEWS = 8


@dataclass(frozen=True, kw_only=True, eq=False)
class Views:
    """Logits of every picture from each of its views.

    Attributes:
        logits: float64 (n, V) before temperature; column 0 is the picture as it is, rows of
            unusable pictures are NaN.
        first_s: Seconds spent on column 0, decoding not counted.
        all_s: Seconds spent on all columns.
        unusable: Reason by file of the pictures that could not be read.
    """

    logits: npt.NDArray[np.float64]
    first_s: float
    all_s: float
    unusable: dict[str, str]


def symmetries(batch: npt.NDArray[np.uint8]) -> list[npt.NDArray[np.uint8]]:
    """The eight turns and mirror images of square pictures (n, S, S, 3); the first is as given."""
    turned = [np.rot90(batch, quarter, axes=(1, 2)) for quarter in range(4)]
    return [*turned, *(view[:, :, ::-1] for view in turned)]


def load_logit_model(run: Run) -> Any:
    """The run's model up to its logit: pixels (n, H, W, 3), float32 0 … 255, to (n, 1).

    Raises:
        MissingDependencyError: If Keras is not installed.
        InputError: If the run folder has no model.
        IntegrityError: If the model is not the one of the card draft.
    """
    path = require_same_model(run)
    keras = import_keras()
    model = keras.models.load_model(path, compile=False)
    return keras.Model(model.inputs, model.get_layer(LOGIT_LAYER).output)


def predict_views(
    model: Any, run: Run, folder: Path, pictures: Sequence[Picture], *, views: int
) -> Views:
    """Logits of the first ``views`` symmetries of each picture.

    Args:
        model: From :func:`load_logit_model`.
        run: Whose preprocessing is used.
        folder: Of the pictures.
        pictures: What to predict.
        views: 1, the picture as it is, or 8, all symmetries of a square.
    """
    logits = np.empty((len(pictures), views))
    unusable: dict[str, str] = {}
    first_s, all_s, end = 0.0, 0.0, 0
    batches = decoded_batches(folder, pictures, run.draft.preprocessing, BATCH_SIZE, unusable)
    for batch in progress(batches, len(pictures), "predictions", step=BATCH_SIZE):
        start, end = end, end + len(batch)
        for column, view in enumerate(symmetries(batch)[:views]):
            began = time.perf_counter()
            output = np.asarray(model.predict_on_batch(view.astype(np.float32)))
            elapsed = time.perf_counter() - began
            first_s += elapsed if column == 0 else 0.0
            all_s += elapsed
            logits[start:end, column] = output[:, 0]
    logits[[picture.file in unusable for picture in pictures]] = np.nan
    return Views(logits=logits, first_s=first_s, all_s=all_s, unusable=unusable)


def cases_of_data(run: Run, data: Path, split: str | None) -> Cases:
    """The pictures of another data set, scored; those that the model knows are left out.

    Args:
        run: Whose model, temperature and preprocessing are used.
        data: Folder of labelled pictures, or a table of them.
        split: Only the pictures in this split's folder; None takes all.

    Raises:
        DatasetError: If the folder is unsound, or nothing is left of it.
        MissingDependencyError: If Keras is not installed.
    """
    dataset = find_dataset(data, classes=run.classes)
    chosen = [p for p in dataset.pictures if split is None or p.split == split]
    if not chosen:
        known = sorted({p.split for p in dataset.pictures if p.split})
        raise DatasetError(
            f"expected pictures of the split {split!r} in {display_name(data)}. Received: "
            f"{len(dataset.pictures)} pictures of {', '.join(known) or 'no split'}. "
            "Leave out --split, or name another."
        )
    fresh, left_out = _without_known(run, chosen)
    if not fresh:
        raise DatasetError(
            "expected pictures that the model was not made from. "
            f"Received: {len(chosen)} pictures, left out: {left_out}. "
            "Name another data set, or another --split."
        )
    pictures = [_unscored(picture) for picture in fresh]
    views = predict_views(load_logit_model(run), run, dataset.folder, pictures, views=1)
    for file, reason in (views.unusable | dict(dataset.unreadable)).items():
        log.warning("warning: %s left out: %s", file, reason)
    left_out["unreadable"] = len(views.unusable) + len(dataset.unreadable)
    scored = _scored(pictures, views.logits[:, 0], run.draft.temperature)
    if not scored:
        raise DatasetError("expected readable pictures. Received: none. Check the files.")
    return Cases(
        name=data_name(data),
        pictures=scored,
        metadata={picture.file: picture.metadata for picture in fresh},
        folder=dataset.folder,
        left_out={reason: count for reason, count in left_out.items() if count},
        remarks=(),
    )


def data_name(data: Path) -> str:
    """Name of a data set: its folder's, or its table's without suffix."""
    path = data.resolve()
    return path.stem if path.is_file() else path.name


def _without_known(
    run: Run, pictures: Sequence[LabelledPicture]
) -> tuple[list[LabelledPicture], dict[str, int]]:
    """Pictures that neither trained the model nor chose its operating point, and the others."""
    used = [picture for picture in run.scored if picture.split != "test"]
    contents = {p.sha256 for p in used}
    groups = {name for p in used for name in group_names(p.group)}
    fresh = [p for p in pictures if p.sha256 not in contents]
    unrelated = [p for p in fresh if not {p.patient, p.lesion} & groups]
    return unrelated, {
        "same file as in training or validation": len(pictures) - len(fresh),
        "same lesion or patient as in training or validation": len(fresh) - len(unrelated),
    }


def _unscored(picture: LabelledPicture) -> Picture:
    return Picture(
        file=picture.file,
        sha256=picture.sha256,
        label=picture.label,
        group=group_of(picture),
        split=picture.split or "test",
    )


def _scored(
    pictures: Sequence[Picture], logits: npt.NDArray[np.float64], temperature: float
) -> list[ScoredPicture]:
    usable = np.isfinite(logits)
    kept = [picture for picture, keep in zip(pictures, usable, strict=True) if keep]
    scores = scores_from_logits(logits[usable], temperature)
    return [
        ScoredPicture(**vars(picture), logit=float(logit), score=float(score))
        for picture, logit, score in zip(kept, logits[usable], scores, strict=True)
    ]
