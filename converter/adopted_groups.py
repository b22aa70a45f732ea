"""Lesions and patients of the pictures that a model made elsewhere is judged on."""

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from edge_runtime.console import display_name, log
from edge_runtime.contract.manifest import Picture
from edge_runtime.errors import DatasetError

TABLE_FILE = "metadata.csv"
# What keeps pictures together, the widest first, as the column and as a card names it.
_KINDS = {"patient_id": "patient", "lesion_id": "lesion"}


def with_groups(folder: Path, pictures: Sequence[Picture]) -> tuple[list[Picture], str]:
    """The pictures, each in the group of its patient or lesion, and what they are grouped by.

    Args:
        folder: May hold ``metadata.csv`` with ``file``, paths in the folder, and ``patient_id`` or
            ``lesion_id``.
        pictures: Each in the group of its content, which those that no row names keep.

    Raises:
        DatasetError: If the table cannot be read.
    """
    rows = _rows(folder / TABLE_FILE)
    column = next((name for name in _KINDS if any(row.get(name) for row in rows.values())), None)
    if column is None:
        return list(pictures), "content"
    grouped = []
    for picture in pictures:
        name = rows.get(picture.file, {}).get(column)
        grouped.append(replace(picture, group=name) if name else picture)
    nameless = sum(picture.group == picture.sha256 for picture in grouped)
    if nameless:
        log.warning("warning: %d pictures have no %s in %s", nameless, column, TABLE_FILE)
    return grouped, _KINDS[column]


def leaked_pictures(pictures: Sequence[Picture]) -> int:
    """How many pictures share their content or their group with one of another split."""
    splits: dict[str, set[str]] = defaultdict(set)
    for picture in pictures:
        splits[picture.sha256].add(picture.split)
        splits[picture.group].add(picture.split)
    return sum(
        len(splits[picture.sha256]) > 1 or len(splits[picture.group]) > 1 for picture in pictures
    )


def _rows(path: Path) -> dict[str, Mapping[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            return {row["file"]: row for row in csv.DictReader(stream) if row.get("file")}
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(
            f"expected a CSV in UTF-8, or none. Received: {display_name(path)}: {error}. "
            "Save it again, or take it away."
        ) from error
