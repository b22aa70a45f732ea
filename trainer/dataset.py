"""Finds a data set by what it is given: class folders, pictures beside a table, or a table."""

from collections.abc import Mapping
from pathlib import Path

from edge_runtime.console import display_name, log
from edge_runtime.contract.labels import Labels
from edge_runtime.errors import DatasetError
from trainer.folders import class_pictures, picture_files
from trainer.labelled import Dataset, Description, LabelledPicture, read_dataset
from trainer.lesion_kinds import ClassTable
from trainer.table_file import find_table, identity_of, metadata_of, read_table
from trainer.tables import (
    PictureIndex,
    describe_rows,
    files_of_rows,
    relative_to_table,
    warn_of_unmatched,
)

__all__ = ["Dataset", "LabelledPicture", "find_dataset"]


def find_dataset(
    folder: Path, labels: Labels | None = None, *, classes: Mapping[str, str] | None = None
) -> Dataset:
    """The labelled pictures of a folder or table.

    What may be given:
        - a folder with ``benign/`` and ``malignant/``, or with some of ``train/``, ``valid/`` and
          ``test/`` that hold these two; a table beside them adds lesion, patient and metadata;
        - a folder of pictures and one CSV that names them and says what each shows;
        - a CSV alone, whose ``file`` column holds paths relative to it, or absolute ones.

    Args:
        folder: The folder, or the CSV.
        labels: Names of the two classes.
        classes: Class, or ``out``, by kind of lesion; replaces entries of the table of kinds.

    Raises:
        DatasetError: If nothing is there, it is none of these, or a class is missing.
    """
    labels = labels or Labels()
    table = ClassTable(classes)
    if folder.is_file() and folder.suffix.lower() == ".csv":
        return _from_table_alone(folder, labels, table)
    if not folder.is_dir():
        raise DatasetError(
            "expected a folder of labelled pictures, or a .csv that names them. Received: "
            f"{display_name(folder)}, which is no folder and no table. Check the path."
        )
    found = class_pictures(folder, labels)
    if found is not None:
        return _from_class_folders(folder, labels, found)
    path = find_table(folder)
    if path is None:
        folders = sorted(place.name for place in folder.iterdir() if place.is_dir())[:8]
        raise DatasetError(
            f"expected {labels.negative}/ and {labels.positive}/, or train/ with these two in it, "
            f"or a CSV that labels the pictures, in {display_name(folder)}. Received: folders "
            f"{folders} and no CSV. Arrange the pictures in these folders, or add metadata.csv."
        )
    return _from_pictures_and_table(folder, path, labels, table)


def _from_class_folders(
    folder: Path, labels: Labels, found: Mapping[str, tuple[str, str | None]]
) -> Dataset:
    """The folders give label and split, the table what else is known."""
    elsewhere = sorted(set(picture_files(folder)) - found.keys())
    if elsewhere:
        log.warning(
            "warning: %d pictures lie in no class folder that counts and are left out, the first: "
            "%r. Where there are train/, valid/ or test/, only pictures in these count",
            len(elsewhere),
            elsewhere[0],
        )
    rows: dict[str, dict[str, str]] = {}
    path = find_table(folder)
    if path is not None:
        table = read_table(path)
        if table.id_columns:
            matched = files_of_rows(table, PictureIndex(list(found)))
            warn_of_unmatched(matched, "which names lesion and patient")
            rows = matched.rows
        else:
            log.warning(
                "warning: %s names no pictures and is not used: none of its columns is file, "
                "isic_id, image_id, image or image_name",
                path.name,
            )
    described = [
        Description(
            file=file,
            label=label,
            lesion=identity_of(rows.get(file, {}), "lesion_id"),
            patient=identity_of(rows.get(file, {}), "patient_id"),
            metadata=metadata_of(rows.get(file, {})),
            split=split,
        )
        for file, (label, split) in found.items()
    ]
    return read_dataset(folder, described, labels, {})


def _from_pictures_and_table(
    folder: Path, path: Path, labels: Labels, classes: ClassTable
) -> Dataset:
    matched = files_of_rows(read_table(path), PictureIndex(picture_files(folder)))
    described, left_out = describe_rows(matched, labels, classes)
    return read_dataset(folder, described, labels, left_out)


def _from_table_alone(path: Path, labels: Labels, classes: ClassTable) -> Dataset:
    table = read_table(path)
    if "file" not in table.names:
        return _from_pictures_and_table(path.parent, path, labels, classes)
    folder, matched = relative_to_table(table)
    described, left_out = describe_rows(matched, labels, classes)
    return read_dataset(folder, described, labels, left_out)
