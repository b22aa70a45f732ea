"""Results on disk: the journal's commands, CSV, annotated copies."""

import csv
import io
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from edge_runtime.csv_sink import spreadsheet_safe
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
    assert [row["error"] for row in rows if row.get("error")] == ["ImageDecodeError"]
    assert all(row["card_sha256"] and row["model_sha256"] and row["time"] for row in rows)
    assert b"smith" not in journal.read_bytes().lower()
    assert melanoma_edge("journal", "verify", journal).stdout.startswith("3 rows")
    table = melanoma_edge("journal", "show", journal, "--last", "2").stdout
    assert "not a medical device" in table


def test_a_changed_row_ends_with_3(
    melanoma_edge: Command, sealed_model: Callable[..., Any], tmp_path: Path
) -> None:
    folder, journal = pictures(tmp_path / "in"), tmp_path / "j.db"
    melanoma_edge("image", folder, "--model", sealed_model("int8").path, "--journal", journal)
    with sqlite3.connect(journal) as database:
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


def test_csv_is_safe_to_open_in_a_spreadsheet(
    melanoma_edge: Command, sealed_model: Callable[..., Any], tmp_path: Path
) -> None:
    folder = pictures(tmp_path / "in")
    model = ("--model", sealed_model("int8").path)
    done = melanoma_edge("image", folder, *model, "--csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert len(rows) == 3
    assert all(row["notice"] == "Research software, not a medical device." for row in rows)
    assert spreadsheet_safe("=cmd.png") == "'=cmd.png"


def test_annotated_copies_hold_the_picture_and_no_exif(
    melanoma_edge: Command, sealed_model: Callable[..., Any], tmp_path: Path
) -> None:
    folder, out = pictures(tmp_path / "in"), tmp_path / "annotated"
    melanoma_edge("image", folder, "--model", sealed_model("int8").path, "--annotate", out)
    copies = sorted(out.iterdir())
    assert len(copies) == 2
    for path in copies:
        with Image.open(path) as copy:
            assert not dict(copy.getexif())
            assert copy.height > 96
            assert np.asarray(copy)[-1, -1].tolist() == [255, 255, 255]
