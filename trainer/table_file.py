"""Reads the table beside the pictures: a CSV whose columns the field calls by many names."""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_runtime.console import display_name, log
from edge_runtime.errors import DatasetError
from trainer.lesion_kinds import ONE_HOT_COLUMNS, kind_code, kind_of_levels

METADATA_FILE: Final = "metadata.csv"
ID_COLUMNS: Final = ("file", "isic_id", "image_id", "image", "image_name")
# The ISIC Archive's name for a lesion's kind, in one column or in levels _1 to _5.
_LEVEL_COLUMN: Final = re.compile(r"diag[a-z]+(_[1-5])?")
_ALIASES: Final = {
    "age": ("age", "age_approx"),
    "sex": ("sex", "gender"),
    "site": ("site", "localization", "anatom_site_general", "anatom_site_general_challenge"),
}
_SEXES: Final = {"m": "male", "f": "female"}
_UNKNOWN: Final = ("unknown", "unk", "nan", "none", "null", "n/a", "na", "-", "?")
# The German and French Excel save a CSV with semicolons.
_DELIMITERS: Final = (",", ";", "\t")


@dataclass(frozen=True)
class Table:
    """A table read from a CSV.

    Attributes:
        path: Where it lies.
        columns: As the file names them.
        rows: Cells by column, empty ones left out; the column's name is in lower case.
    """

    path: Path
    columns: tuple[str, ...]
    rows: tuple[dict[str, str], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns in lower case, as the rows name them."""
        return tuple(column.casefold() for column in self.columns)

    @property
    def id_columns(self) -> tuple[str, ...]:
        """Columns that name a row's picture, the most exact first."""
        return tuple(name for name in ID_COLUMNS if name in self.names)


def read_table(path: Path) -> Table:
    """The rows of a CSV in UTF-8, with or without byte order mark.

    Raises:
        DatasetError: If it cannot be read, has no or repeated columns, or a row is too long.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            head = stream.readline()
            stream.seek(0)
            delimiter = max(_DELIMITERS, key=head.count)
            reader = csv.DictReader(stream, delimiter=delimiter, skipinitialspace=True)
            columns = tuple(name.strip() for name in reader.fieldnames or ())
            _require_columns(path, columns)
            reader.fieldnames = [name.casefold() for name in columns]
            return Table(path, columns, tuple(_cells(path, reader, row) for row in reader))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(
            f"expected a readable table {path.name!r}. Received: {error}. "
            "Save it as CSV in UTF-8, or remove it."
        ) from error


def find_table(folder: Path) -> Path | None:
    """The table of a folder: ``metadata.csv``, or the only CSV that names pictures.

    Raises:
        DatasetError: If several CSV files name pictures.
    """
    if (folder / METADATA_FILE).is_file():
        return folder / METADATA_FILE
    tables = sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() == ".csv" and path.is_file() and not path.name.startswith(".")
    )
    if len(tables) <= 1:
        return next(iter(tables), None)
    naming = [path for path in tables if _names_pictures(path)]
    if len(naming) != 1:
        raise DatasetError(
            f"expected one table in {display_name(folder)}. Received: "
            f"{[path.name for path in tables[:8]]}. Name the right one {METADATA_FILE}, or pass "
            "its path instead of the folder."
        )
    log.info("table: %s", naming[0].name)
    return naming[0]


def kind_of_row(row: Mapping[str, str]) -> str:
    """The code of the row's kind of lesion; empty where nothing says.

    From ``dx``, one-hot columns of the ISIC challenges, or the levels of the ISIC Archive.
    """
    if "dx" in row:
        return kind_code(row["dx"])
    marked = [name for name in ONE_HOT_COLUMNS & row.keys() if _is_one(row[name])]
    if len(marked) == 1:
        return kind_code(marked[0])
    levels = sorted(name for name in row if _LEVEL_COLUMN.fullmatch(name))
    return kind_of_levels([row[name] for name in levels])


def has_kinds(columns: Sequence[str]) -> bool:
    """Whether one of the columns, in lower case, tells the kind of lesion."""
    return (
        "dx" in columns
        or len(ONE_HOT_COLUMNS.intersection(columns)) > 1
        or any(_LEVEL_COLUMN.fullmatch(name) for name in columns)
    )


def metadata_of(row: Mapping[str, str]) -> dict[str, str]:
    """The row and what it says under our names: age, sex, site and dx."""
    found = dict(row)
    for name, aliases in _ALIASES.items():
        value = next((row[alias] for alias in aliases if alias in row), None)
        if value is not None:
            found[name] = value.removesuffix(".0") if name == "age" else value.lower()
    if "sex" in found:
        found["sex"] = _SEXES.get(found["sex"], found["sex"])
    kind = kind_of_row(row)
    if kind:
        found["dx"] = kind
    return found


def identity_of(row: Mapping[str, str], column: str) -> str | None:
    """The lesion or patient that a row names; None where it says that nobody knows."""
    name = row.get(column)
    return None if name is None or name.casefold() in _UNKNOWN else name


def _names_pictures(path: Path) -> bool:
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            head = stream.readline().casefold()
    except (OSError, UnicodeDecodeError):
        return False
    return bool(set(ID_COLUMNS) & {name.strip(' "\r\n') for name in re.split(r"[,;\t]", head)})


def _require_columns(path: Path, columns: Sequence[str]) -> None:
    repeated = sorted(
        {c for c in columns if [x.casefold() for x in columns].count(c.casefold()) > 1}
    )
    if not columns or repeated:
        raise DatasetError(
            f"expected a first line with a different name for each column in {path.name!r}. "
            f"Received: repeated={repeated}, columns={list(columns)[:20]}. Correct the first line."
        )


def _cells(
    path: Path, reader: "csv.DictReader[str]", row: Mapping[str | None, str | list[str] | None]
) -> dict[str, str]:
    if None in row:
        raise DatasetError(
            f"expected as many cells as columns in {path.name!r}. Received: more in line "
            f"{reader.line_num}. Put cells that hold a comma in quotes."
        )
    texts = {key: value.strip() for key, value in row.items() if key and isinstance(value, str)}
    return {key: value for key, value in texts.items() if value}


def _is_one(text: str) -> bool:
    try:
        return float(text) == 1
    except ValueError:
        return False
