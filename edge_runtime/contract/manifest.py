"""Which pictures a model was made from: the split manifest and the scores, as CSV files.

The trainer writes them, the converter and the benchmarks read them.
"""

import csv
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from edge_runtime.errors import DatasetError

SPLITS = ("train", "valid", "test")
SPLIT_FILE = "split.csv"
SCORES_FILE = "scores.csv"


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One labelled picture of a data set.

    Attributes:
        file: Path relative to the data set's folder, with forward slashes.
        sha256: Of the file's bytes.
        label: ``benign`` or ``malignant``.
        group: What must not cross a split: the lesion, or the content where none is known.
        split: ``train``, ``valid`` or ``test``.
    """

    file: str
    sha256: str
    label: str
    group: str
    split: str


@dataclass(frozen=True, kw_only=True)
class ScoredPicture(Picture):
    """A picture with the Keras model's output.

    Attributes:
        logit: Before temperature.
        score: After it, in [0, 1].
    """

    logit: float
    score: float


def write_pictures(path: Path, pictures: Sequence[Picture]) -> None:
    """Write pictures of one kind as CSV, beside first, then renamed.

    Raises:
        DatasetError: If there are none.
    """
    if not pictures:
        raise DatasetError(f"expected pictures to write to {path.name!r}. Received: none")
    names = [field.name for field in fields(pictures[0])]
    beside = path.with_name(path.name + ".partial")
    with beside.open("w", newline="", encoding="utf-8", errors="surrogateescape") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(names)
        # repr keeps every digit of a float, so that a logit is read back as it was.
        for picture in pictures:
            values = (getattr(picture, name) for name in names)
            writer.writerow(repr(v) if isinstance(v, float) else v for v in values)
    beside.replace(path)


def read_scores(path: Path) -> list[ScoredPicture]:
    """Read what ``melanoma-train`` wrote as scores.

    Raises:
        DatasetError: If the file is missing or is no such table.
    """
    names = [field.name for field in fields(ScoredPicture)]
    try:
        with path.open(newline="", encoding="utf-8", errors="surrogateescape") as stream:
            reader = csv.DictReader(stream)
            if reader.fieldnames != names:
                raise DatasetError(
                    f"expected columns {names} in {path.name!r}. Received: {reader.fieldnames}"
                )
            return [_scored(row) for row in reader]
    except OSError as error:
        raise DatasetError(
            f"expected scores written by melanoma-train. Received: {str(path)!r}: "
            f"{error.strerror}. Check the path, or train the model again."
        ) from error
    except (ValueError, TypeError, csv.Error) as error:
        raise DatasetError(
            f"expected numbers as logit and score in {path.name!r}. Received: {error}"
        ) from error


def _scored(row: dict[str, str]) -> ScoredPicture:
    texts = {name: row[name] for name in ("file", "sha256", "label", "group", "split")}
    return ScoredPicture(**texts, logit=float(row["logit"]), score=float(row["score"]))


def manifest_sha256(pictures: Iterable[Picture]) -> str:
    """Digest of content, label and split of the pictures, whatever their order and paths."""
    lines = sorted(f"{p.sha256} {p.label} {p.split}\n" for p in pictures)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def require_unchanged(folder: Path, picture: Picture) -> bytes:
    """The bytes of a picture, once it is known that they are those of the manifest.

    Raises:
        DatasetError: If the file is missing or its content has changed.
    """
    path = folder / picture.file
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DatasetError(
            f"expected picture {picture.file!r} in {str(folder)!r}. Received: {error.strerror}. "
            "Name the folder that the model was trained on with --data."
        ) from error
    if hashlib.sha256(content).hexdigest() != picture.sha256:
        raise DatasetError(
            f"expected {picture.file!r} as it was at training. Received: other bytes. "
            "Restore the data set, or train again."
        )
    return content
