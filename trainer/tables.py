"""Matches the rows of a table with picture files and reads label and split from them."""

import os
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

from edge_runtime.console import display_name, log
from edge_runtime.contract.labels import Labels
from edge_runtime.errors import DatasetError
from trainer.labelled import Description
from trainer.lesion_kinds import BENIGN, MALIGNANT, ONE_HOT_COLUMNS, ClassTable, kind_code
from trainer.table_file import (
    ID_COLUMNS,
    Table,
    has_kinds,
    identity_of,
    kind_of_row,
    metadata_of,
)

LABEL_COLUMNS: Final = ("label", "target", "benign_malignant")
_CLASS_WORDS: Final = {"0": BENIGN, "1": MALIGNANT, "0.0": BENIGN, "1.0": MALIGNANT}
_SPLITS: Final = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("valid", "val", "validation"), "valid"),
    **dict.fromkeys(("test", "testing"), "test"),
}
_SHOWN: Final = 5


@dataclass(frozen=True)
class Matched:
    """Rows that have a picture.

    Attributes:
        table: Where they come from.
        rows: By the picture's path.
        without_file: Ids of rows without a picture.
        without_row: Pictures that no row names.
    """

    table: Table
    rows: dict[str, dict[str, str]]
    without_file: list[str] = field(default_factory=list)
    without_row: list[str] = field(default_factory=list)


class PictureIndex:
    """Finds the pictures of a folder by path, name or name without suffix.

    Args:
        files: Their paths in the folder.
    """

    def __init__(self, files: Sequence[str]) -> None:
        self.files = frozenset(files)
        self._by_key: dict[str, list[str]] = defaultdict(list)
        for file in sorted(files):
            path = PurePosixPath(file)
            for key in {path.name, path.stem, path.with_suffix("").as_posix()} - {file}:
                self._by_key[key].append(file)

    def find(self, name: str) -> str | None:
        """The picture that an id or path names; None if there is none.

        Raises:
            DatasetError: If there are several.
        """
        if name in self.files:
            return name
        found = self._by_key.get(name, [])
        if len(found) > 1:
            raise DatasetError(
                f"expected one picture for each id. Received: {name!r} names {found[:_SHOWN]}. "
                "Remove one, or give each row its path in a column named file."
            )
        return found[0] if found else None


def files_of_rows(table: Table, index: PictureIndex) -> Matched:
    """Match rows with pictures of the table's folder.

    Raises:
        DatasetError: If no column names pictures, a name leads out of the folder or to two
            pictures, or two rows of a picture disagree.
    """
    columns = table.id_columns
    if not columns:
        raise DatasetError(
            f"expected a column that names each row's picture in {table.path.name!r}: one of "
            f"{', '.join(ID_COLUMNS)}. Received: columns={_shown(table.columns)}. Rename one."
        )
    matched = Matched(table, {})
    for row in table.rows:
        names = [_inside(row[column], table) for column in columns if column in row]
        found = (index.find(name) for name in names)
        file = next((file for file in found if file is not None), None)
        if file is None:
            matched.without_file.append(names[0] if names else "a row without id")
        else:
            _add(matched, file, row)
    matched.without_row.extend(sorted(index.files - matched.rows.keys()))
    return matched


def relative_to_table(table: Table) -> tuple[Path, Matched]:
    """The folder and the rows of a table whose ``file`` column holds paths.

    The folder is the table's own, or the common one of all pictures if absolute paths lead out.

    Raises:
        DatasetError: If a relative path leads out of the folder, or rows of a picture disagree.
    """
    own = Path(os.path.normpath(table.path.parent.absolute()))
    paths: list[tuple[Path, dict[str, str]]] = []
    without_file: list[str] = []
    for row in table.rows:
        name = row.get("file", "")
        path = Path(name) if Path(name).is_absolute() else own / _inside(name, table)
        if name and path.is_file():
            paths.append((Path(os.path.normpath(path)), row))
        else:
            without_file.append(name or "a row without file")
    folder = own
    if not all(path.is_relative_to(own) for path, _ in paths):
        folder = Path(os.path.commonpath([path.parent for path, _ in paths]))
    matched = Matched(table, {}, without_file)
    for path, row in paths:
        _add(matched, path.relative_to(folder).as_posix(), row)
    return folder, matched


def describe_rows(
    matched: Matched, labels: Labels, classes: ClassTable
) -> tuple[list[Description], Counter[str]]:
    """What the rows say of their pictures, and how many were left out, by reason.

    Raises:
        DatasetError: If no row has a picture, no column tells the class, or a split is unknown.
    """
    columns = _target_columns(matched.table, classes)
    left_out: Counter[str] = Counter()
    described = []
    for file, row in matched.rows.items():
        label, reason = _label_of(row, columns, labels, classes)
        if label is None:
            left_out[reason] += 1
            continue
        described.append(
            Description(
                file=file,
                label=label,
                lesion=identity_of(row, "lesion_id"),
                patient=identity_of(row, "patient_id"),
                metadata=metadata_of(row),
                split=_split_of(file, row),
            )
        )
    _report(matched, left_out)
    return described, left_out


def warn_of_unmatched(matched: Matched, without_row: str) -> None:
    """Name the rows without a picture, and the pictures without a row and what comes of them."""
    table = matched.table.path.name
    for what, names in (
        (f"rows of {table} have no picture", matched.without_file),
        (f"pictures have no row in {table} {without_row}", matched.without_row),
    ):
        if names:
            log.warning("warning: %d %s%s", len(names), what, _first(names))


def _inside(name: str, table: Table) -> str:
    """The name as a path in the table's folder, with forward slashes."""
    path = os.path.normpath(name.replace("\\", "/")).replace("\\", "/")
    if path.startswith(("/", "../")) or path == ".." or Path(name).is_absolute():
        raise DatasetError(
            f"expected pictures in the folder of {table.path.name!r}. Received: {name!r}, which "
            "leads out of it. Correct the path, or pass the table itself with absolute paths."
        )
    return path


def _add(matched: Matched, file: str, row: dict[str, str]) -> None:
    earlier = matched.rows.setdefault(file, row)
    if earlier is row:
        return
    differ = sorted(
        name
        for name in earlier.keys() | row.keys()
        if earlier.get(name) != row.get(name) and _matters(name)
    )
    if differ:
        raise DatasetError(
            f"expected rows of one picture to agree. Received: {file!r} with "
            f"{[(name, earlier.get(name), row.get(name)) for name in differ[:_SHOWN]]}. "
            "Keep the right row."
        )


def _matters(column: str) -> bool:
    known = (*LABEL_COLUMNS, "dx", "lesion_id", "patient_id", "split", *ONE_HOT_COLUMNS)
    return column in known or has_kinds([column])


def _target_columns(table: Table, classes: ClassTable) -> tuple[str, ...]:
    """Columns that tell the class, the most decisive first; ``dx`` stands for all kinds."""
    given = tuple(name for name in LABEL_COLUMNS if name in table.names)
    kinds = ("dx",) if has_kinds(table.names) else ()
    if not given and not kinds:
        raise DatasetError(
            f"expected a column that tells the class in {table.path.name!r}: one of "
            f"{', '.join(LABEL_COLUMNS)}, dx, or one column for each kind (MEL, NV, BCC, …). "
            f"Received: columns={_shown(table.columns)}. Rename one."
        )
    if classes.overridden:
        return (*kinds, *given)
    # Malignant in benign_malignant is any cancer, so the kind is asked before it.
    return (*(name for name in given if name != "benign_malignant"), *kinds, *given)


def _label_of(
    row: Mapping[str, str], columns: Sequence[str], labels: Labels, classes: ClassTable
) -> tuple[str | None, str]:
    """The row's class, or None and the reason why it has none."""
    for column in columns:
        text = kind_of_row(row) if column == "dx" else row.get(column, "")
        if not text:
            continue
        word = text.casefold()
        for name in (labels.negative, labels.positive):
            if column != "dx" and word == name.casefold():
                return name, ""
        word = _CLASS_WORDS.get(word, word) if column != "dx" else word
        chosen = word if word in (BENIGN, MALIGNANT) and column != "dx" else classes.class_of(word)
        if chosen is None:
            return None, kind_code(word)
        return (labels.negative if chosen == BENIGN else labels.positive), ""
    return None, "without a class"


def _split_of(file: str, row: Mapping[str, str]) -> str | None:
    text = row.get("split", "")
    if not text:
        return None
    if text.casefold() not in _SPLITS:
        raise DatasetError(
            f"expected a split of {', '.join(sorted(_SPLITS))}, or none. Received: "
            f"split={text!r} of {file!r}. Correct the table."
        )
    return _SPLITS[text.casefold()]


def _report(matched: Matched, left_out: Counter[str]) -> None:
    """Name what is not used; refuse a table of which nothing is."""
    table, ids = matched.table, matched.without_file
    if not matched.rows:
        raise DatasetError(
            f"expected the pictures that {table.path.name!r} names in "
            f"{display_name(table.path.parent)}. Received: {len(ids)} rows without a file"
            f"{_first(ids)}. Put the pictures beside the table, under the names it gives them."
        )
    if left_out:
        kinds = ", ".join(f"{count} {reason}" for reason, count in left_out.most_common())
        log.warning(
            "warning: left out, as neither melanoma nor known to be benign: %s. "
            '--classes "KIND=benign" or "KIND=malignant" decides otherwise.',
            kinds,
        )
    warn_of_unmatched(matched, "and are left out")
    if ids:
        left_out["row without picture"] = len(ids)
    if matched.without_row:
        left_out["picture without row"] = len(matched.without_row)


def _first(names: Sequence[str]) -> str:
    if not names:
        return ""
    return f", the first: {', '.join(map(repr, names[:_SHOWN]))}"


def _shown(columns: Sequence[str]) -> list[str]:
    return list(columns)[:20]
