"""Takes in a model made elsewhere: writes the run folder that ``export`` reads."""

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from converter.adopted_groups import leaked_pictures, with_groups
from converter.comparison import calibrate_logits, labels_of
from converter.foreign_card import ForeignCard
from converter.run_folder import DRAFT_FILE, RUN_FILE
from edge_runtime.console import log, progress, require_absent
from edge_runtime.contract.card import (
    Architecture,
    CardDraft,
    TrainingRecord,
    dump_card,
)
from edge_runtime.contract.card_versions import SCHEMA_VERSION
from edge_runtime.contract.manifest import (
    SCORES_FILE,
    SPLITS,
    Picture,
    ScoredPicture,
    manifest_sha256,
    write_pictures,
)
from edge_runtime.contract.operating_point import OperatingPoint, Proportion, score_from_logit
from edge_runtime.contract.preprocess import PICTURE_SUFFIXES, Pixels, preprocess
from edge_runtime.errors import DatasetError

WHOLE = "whole"  # in the place of a cut: the network as it came


def adopt_model(
    model_file: str,
    write_model: Callable[[Path], Callable[[Pixels], float]],
    card: ForeignCard,
    data: Path,
    out: Path,
) -> None:
    """Write a run folder for a model made elsewhere.

    Args:
        model_file: Name of the model in the folder.
        write_model: Writes the model, pixels 0 … 255 in and a logit out, to a path, and returns
            what computes its logit of uint8 pixels (H, W, 3).
        card: What its maker knows of it.
        data: Folder with ``train/`` and ``valid/`` (and ``test/``), each with a folder a class.
            Figures and operating point come from ``valid``, integer ranges from ``train``. A
            ``metadata.csv`` beside them may name lesions and patients.
        out: The folder to make.

    Raises:
        OutputExistsError: If ``out`` exists.
        DatasetError: If the pictures are not laid out so.
        InputError: If a picture cannot be used.
    """
    require_absent(out)
    pictures, grouped_by = with_groups(data, _read_layout(data, card))
    work = out.with_name(out.name + ".partial")
    try:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        logit_of = write_model(work / model_file)
        digest = hashlib.sha256((work / model_file).read_bytes()).hexdigest()
        logits = [
            logit_of(preprocess(data / picture.file, card.preprocessing))
            for picture in progress(pictures, len(pictures), "pictures")
        ]
        draft = _draft(card, pictures, logits, digest, grouped_by)
        if draft.training.leaked_pictures:
            log.warning(
                "warning: %d pictures share content, lesion or patient with another split: "
                "the figures are too good",
                draft.training.leaked_pictures,
            )
        (work / DRAFT_FILE).write_text(dump_card(draft), encoding="utf-8")
        record = json.dumps({"picture_folder": str(data.resolve())}) + "\n"
        (work / RUN_FILE).write_text(record, encoding="utf-8")
        write_pictures(work / SCORES_FILE, _scored(pictures, logits, draft.temperature))
        work.rename(out)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _read_layout(data: Path, card: ForeignCard) -> list[Picture]:
    pictures = []
    for split in SPLITS:
        for label in (card.negative, card.positive):
            for path in sorted((data / split / label).rglob("*")):
                if path.suffix.lower() in PICTURE_SUFFIXES and path.is_file():
                    digest = hashlib.sha256(path.read_bytes()).hexdigest()
                    name = path.relative_to(data).as_posix()
                    pictures.append(
                        Picture(file=name, sha256=digest, label=label, group=digest, split=split)
                    )
    classes = {picture.label for picture in pictures if picture.split == "valid"}
    if classes != {card.negative, card.positive}:
        raise DatasetError(
            f"expected pictures in valid/{card.negative} and valid/{card.positive} of "
            f"{str(data)!r}. Received: {sorted(classes) or 'none'}. The operating point is chosen "
            "on them."
        )
    return pictures


def _draft(
    card: ForeignCard,
    pictures: Sequence[Picture],
    logits: Sequence[float],
    digest: str,
    grouped_by: str,
) -> CardDraft:
    valid = [i for i, picture in enumerate(pictures) if picture.split == "valid"]
    labels = labels_of([pictures[i] for i in valid], card.positive)
    calibrated = calibrate_logits(np.array(logits)[valid], labels, _wanted(card))
    counts = Counter(f"{picture.split}/{picture.label}" for picture in pictures)
    return CardDraft(
        schema_version=SCHEMA_VERSION,
        architecture=Architecture(
            backbone=card.backbone,
            pooled_from=WHOLE,
            pooled_middle=False,
            cut=WHOLE,
            initial_weights=f"sha256:{digest}",
        ),
        preprocessing=card.preprocessing,
        labels=card.labels,
        training=TrainingRecord(
            pictures=dict(sorted(counts.items())),
            grouped_by=grouped_by,
            leaked_pictures=leaked_pictures(pictures),
            imbalance="unknown, trained elsewhere",
            seed=0,
            split_sha256=manifest_sha256(pictures),
            model_sha256=digest,
            versions={},
            demonstration=False,
        ),
        temperature=calibrated.temperature,
        operating_point=calibrated.point,
    )


def _wanted(card: ForeignCard) -> OperatingPoint:
    """The rule and target to choose a threshold by; its other figures are not known yet."""
    unknown = Proportion(successes=1, trials=1)
    return OperatingPoint(
        rule=card.rule,
        target=card.target,
        threshold=0.5,
        sensitivity=unknown,
        specificity=unknown,
        chosen_on="valid",
    )


def _scored(
    pictures: Sequence[Picture], logits: Sequence[float], temperature: float
) -> list[ScoredPicture]:
    return [
        ScoredPicture(**vars(picture), logit=logit, score=score_from_logit(logit, temperature))
        for picture, logit in zip(pictures, logits, strict=True)
    ]
