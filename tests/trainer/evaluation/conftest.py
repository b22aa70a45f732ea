"""A small run folder with drawn pictures and made-up scores, as ``fit`` leaves it."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from edge_runtime.contract.card import (
    Architecture,
    CardDraft,
    TrainingRecord,
    dump_card,
)
from edge_runtime.contract.card_versions import SCHEMA_VERSION
from edge_runtime.contract.labels import Labels
from edge_runtime.contract.manifest import ScoredPicture, write_pictures
from edge_runtime.contract.operating_point import OperatingPoint, Proportion, score_from_logit
from edge_runtime.contract.preprocess import Preprocessing
from edge_runtime.synthetic_dataset import write_dataset
from trainer.dataset import find_dataset

TEMPERATURE = 1.5
COLUMNS = ("file", "lesion_id", "age", "sex", "localization", "dx")


@dataclass(frozen=True)
class SmallRun:
    """A run folder and the data set that it names."""

    folder: Path
    data: Path
    pictures: list[ScoredPicture]


def card_draft(*, model_sha256="0" * 64, size=75):
    return CardDraft(
        schema_version=SCHEMA_VERSION,
        architecture=Architecture(
            backbone="inceptionv3",
            pooled_from="mixed0",
            pooled_middle=False,
            cut="mixed0",
            initial_weights="none",
        ),
        preprocessing=Preprocessing(size_hw=(size, size)),
        labels=Labels(),
        training=TrainingRecord(
            pictures={"test/benign": 20, "test/malignant": 12, "train/benign": 4},
            grouped_by="lesion",
            leaked_pictures=0,
            imbalance="class weights",
            seed=3,
            split_sha256="0" * 64,
            model_sha256=model_sha256,
            versions={"keras": "3.13.0"},
            demonstration=False,
        ),
        temperature=TEMPERATURE,
        operating_point=OperatingPoint(
            rule="sensitivity",
            target=0.9,
            threshold=0.4,
            sensitivity=Proportion(successes=9, trials=10),
            specificity=Proportion(successes=15, trials=20),
            chosen_on="valid",
        ),
    )


def write_metadata(data, rows):
    with (data / "metadata.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)


def metadata_row(file, place):
    return {
        "file": file,
        "lesion_id": f"lesion_{place // 2}",
        "age": ["20", "50", "", "80"][place % 4],
        "sex": "female" if place % 3 else "male",
        "localization": "back",
        "dx": "mel" if "malignant" in file else "nv",
    }


def write_run(folder, data, *, first_train=4, **card):
    """The run folder of a data set: its first pictures of either class trained, the rest test."""
    generator = np.random.default_rng(7)
    pictures, seen = [], {"benign": 0, "malignant": 0}
    for found in find_dataset(data).pictures:
        seen[found.label] += 1
        logit = float(generator.normal(1.2 if found.label == "malignant" else -1.2, 1.5))
        pictures.append(
            ScoredPicture(
                file=found.file,
                sha256=found.sha256,
                label=found.label,
                group=found.lesion,
                split="train" if seen[found.label] <= first_train else "test",
                logit=logit,
                score=score_from_logit(logit, TEMPERATURE),
            )
        )
    folder.mkdir()
    record = {"options": {"data": str(data)}, "picture_folder": str(find_dataset(data).folder)}
    write_pictures(folder / "scores.csv", pictures)
    (folder / "card.json").write_text(dump_card(card_draft(**card)))
    (folder / "run.json").write_text(json.dumps(record))
    (folder / "history.csv").write_text(
        "epoch,loss,auc,val_loss,val_auc\n1,0.7,0.6,0.7,0.6\n2,0.5,0.8,0.6,0.7\n"
    )
    return SmallRun(folder, data, pictures)


@pytest.fixture(scope="session")
def drawn(tmp_path_factory):
    """A data set of 40 drawn pictures with metadata."""
    data = tmp_path_factory.mktemp("drawn") / "data"
    write_dataset(data, benign=24, malignant=16, size_hw=(80, 80), seed=5)
    files = sorted(p.relative_to(data).as_posix() for p in data.rglob("*.jpg"))
    files = [files[place] for place in np.random.default_rng(0).permutation(len(files))]
    write_metadata(data, [metadata_row(file, place) for place, file in enumerate(files)])
    return data


@pytest.fixture
def small_run(drawn, tmp_path):
    """A run folder on the drawn data set; it has no model."""
    return write_run(tmp_path / "run", drawn)


@pytest.fixture
def run_of(tmp_path):
    """Writes a run folder on other data: ``run_of(data, name, **changes_of_the_card)``."""

    def write(data, name="run", **changes):
        return write_run(tmp_path / name, data, **changes)

    return write
