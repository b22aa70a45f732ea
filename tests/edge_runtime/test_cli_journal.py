"""The journal as a user meets it: what is stored, what is not, what the commands tell."""

import contextlib
import csv
import hashlib
import json
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from edge_runtime.journal_export import COLUMNS
from edge_runtime.synthetic import draw_lesion

Command = Callable[..., Any]


def pictures(folder: Path) -> Path:
    folder.mkdir()
    for seed, name in enumerate(("mrs_smith.png", "=cmd.png")):
        exif = Image.Exif()
        exif[0x010E] = "Mrs Smith"
        Image.fromarray(draw_lesion("benign", seed, (96, 96))).save(folder / name, exif=exif)
    (folder / "broken.png").write_bytes(b"\x89PNG nothing")
    return folder


def test_a_row_is_stored_for_every_picture_and_no_name(
    melanoma_edge: Command, sealed_model: Callable[..., Any], tmp_path: Path
) -> None:
    folder, journal = pictures(tmp_path / "in"), tmp_path / "j.db"
    model = ("--model", sealed_model("int8").path)
    done = melanoma_edge("image", folder, *model, "--journal", journal, "--json")
    assert done.returncode == 4
    shown = [json.loads(line) for line in done.stdout.splitlines()]
    exported = tmp_path / "rows.jsonl"
    assert melanoma_edge("journal", "export", journal, "--out", exported, "--json").returncode == 0
    rows = [json.loads(line) for line in exported.read_text().splitlines()]
    assert [row.get("decision") for row in rows] == [one["decision"] for one in shown]
    failed = next(row for row in rows if row.get("error"))
    assert failed["error"] == "ImageDecodeError"
    broken = (folder / "broken.png").read_bytes()
    assert failed["picture_sha256"] == hashlib.sha256(broken).hexdigest()
    assert all(row["card_sha256"] and row["model_sha256"] and row["time"] for row in rows)
    assert b"smith" not in journal.read_bytes().lower()
    assert melanoma_edge("journal", "verify", journal).stdout.startswith("3 rows")
    told = json.loads(melanoma_edge("journal", "verify", journal, "--json").stdout)
    assert told == {"rows": 3, "head_sha256": rows[-1]["sha256"], "remarks": []}
    table = melanoma_edge("journal", "show", journal, "--last", "2").stdout
    assert "not a medical device" in table


def test_a_changed_row_ends_with_3(
    melanoma_edge: Command, sealed_model: Callable[..., Any], tmp_path: Path
) -> None:
    folder, journal = pictures(tmp_path / "in"), tmp_path / "j.db"
    melanoma_edge("image", folder, "--model", sealed_model("int8").path, "--journal", journal)
    with contextlib.closing(sqlite3.connect(journal, isolation_level=None)) as database:
        database.execute("UPDATE rows SET body = replace(body, 'model', 'mode1') WHERE id = 2")
    done = melanoma_edge("journal", "verify", journal)
    assert done.returncode == 3
    assert "row 2" in done.stderr


def test_pictures_are_kept_only_when_asked_for(
    melanoma_edge: Command, sealed_model: Callable[..., Any], tmp_path: Path
) -> None:
    folder, kept = pictures(tmp_path / "in"), tmp_path / "kept"
    options = ("--journal", tmp_path / "j.db", "--keep-images", kept)
    melanoma_edge("image", folder, "--model", sealed_model("int8").path, *options)
    originals = {path.read_bytes() for path in folder.iterdir() if path.name != "broken.png"}
    assert {path.read_bytes() for path in kept.iterdir()} == originals


def test_a_folder_that_cannot_keep_pictures_ends_with_5_and_shows_nothing(
    melanoma_edge: Command, sealed_model: Callable[..., Any], tmp_path: Path
) -> None:
    folder, kept = pictures(tmp_path / "in"), tmp_path / "kept"
    kept.write_text("a file where a folder should be")
    options = ("--journal", tmp_path / "j.db", "--keep-images", kept, "--json")
    done = melanoma_edge("image", folder, "--model", sealed_model("int8").path, *options)
    assert done.returncode == 5
    assert "kept" in done.stderr
    assert "decision" not in done.stdout.replace('"decision": null', "")


def test_names_that_are_no_utf_8_are_stored_when_asked_for(
    melanoma_edge: Command, sealed_model: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    drawn = tmp_path / "drawn.png"
    Image.fromarray(draw_lesion("benign", 0, (96, 96))).save(drawn)
    odd = os.fsencode(tmp_path / "in") + b"/caf\xe9.png"
    Path(os.fsdecode(odd)).write_bytes(drawn.read_bytes())
    model, journal = sealed_model("int8").path, tmp_path / "j.db"
    options = ("--model", model, "--journal", journal, "--keep-names")
    assert melanoma_edge("image", tmp_path / "in", *options).returncode == 0
    shown = json.loads(melanoma_edge("journal", "show", journal, "--json").stdout)
    assert shown["source"].endswith(r"caf\xe9.png")


def test_an_export_holds_every_field_and_opens_safely_in_a_spreadsheet(
    melanoma_edge: Command,
    sealed_model: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder, journal = pictures(tmp_path / "in"), tmp_path / "j.db"
    options = ("--model", sealed_model("int8").path, "--journal", journal, "--keep-names")
    monkeypatch.chdir(folder)
    melanoma_edge("image", "=cmd.png", "mrs_smith.png", *options)
    out = tmp_path / "rows.csv"
    assert melanoma_edge("journal", "export", journal, "--out", out).returncode == 0
    with out.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == list(COLUMNS)
    assert [row["source"] for row in rows] == ["'=cmd.png", "mrs_smith.png"]
    assert all(row["notice"] == "Research software, not a medical device." for row in rows)
    assert all(float(row["logit"]) < 99 for row in rows), "a minus is no formula"
    assert melanoma_edge("journal", "export", journal, "--out", out).returncode == 2


def test_what_is_no_journal_is_named(melanoma_edge: Command, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database at all, but long enough to look at\n" * 20)
    for command in (["verify"], ["show"], ["export", "--out", tmp_path / "out.csv"]):
        done = melanoma_edge("journal", command[0], tmp_path / "text", *command[1:])
        assert done.returncode == 5
        assert "text" in done.stderr
        assert melanoma_edge("journal", command[0], "absent", *command[1:]).returncode == 4
    assert not list(tmp_path.glob("out.csv*"))
