"""``melanoma-edge image``: a row for every picture, and an exit code that says if all went well."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from edge_runtime.contract.embed import SealedModel

Finished = subprocess.CompletedProcess[str]
Run = Callable[..., Finished]
Seal = Callable[..., SealedModel]
Save = Callable[..., Path]

KEYS = (
    *("source", "score", "decision", "reasons", "error", "latency_ms"),
    *("model", "variant", "runtime", "delegate", "fallback", "frame_age_ms", "note"),
)


def rows(finished: Finished) -> list[dict[str, Any]]:
    return [json.loads(line) for line in finished.stdout.splitlines()]


def test_each_picture_gets_a_line_of_json_with_the_same_keys(
    melanoma_edge: Run, sealed_model: Seal, picture: Save
) -> None:
    pictures = [picture("b.png"), picture("a.jpg")]
    finished = melanoma_edge("image", *pictures, "--model", sealed_model("int8").path, "--json")
    found = rows(finished)
    assert finished.returncode == 0
    assert [row["source"] for row in found] == [str(path) for path in pictures]
    for row in found:
        assert tuple(row) == KEYS
        assert 0 <= row["score"] <= 1
        assert row["decision"] == ("REFER" if row["score"] >= 0.5 else "NO_REFERRAL")
        assert "the threshold 0.500" in row["reasons"][0]
        assert row["error"] is None
        assert row["latency_ms"] > 0
        assert (row["model"], row["variant"], row["delegate"]) == (
            "tiny_none_32_int8",
            "int8",
            "cpu",
        )
    assert "not a medical device" in finished.stderr
    assert "demonstration model" in finished.stderr


def test_a_damaged_picture_costs_its_own_row_only(
    melanoma_edge: Run, sealed_model: Seal, picture: Save, tmp_path: Path
) -> None:
    for name in ("pictures/1.jpg", "pictures/2.jpg", "pictures/3.jpg"):
        picture(name)
    damaged = tmp_path / "pictures" / "2.jpg"
    damaged.write_bytes(damaged.read_bytes()[:600])
    model = sealed_model().path
    as_json = melanoma_edge("image", damaged.parent, "--model", model, "--json")
    as_table = melanoma_edge("image", damaged.parent, "--model", model)
    first, second, third = rows(as_json)
    assert as_json.returncode == as_table.returncode == 4
    assert tuple(second) == KEYS
    assert (second["score"], second["decision"], second["latency_ms"]) == (None, None, None)
    assert "cut short" in second["error"]
    assert first["score"] == third["score"] is not None
    assert "1 of 3 pictures could not be used" in as_json.stderr
    assert as_table.stdout.count("ERROR") == 1


def test_the_table_shows_result_model_threshold_and_notice(
    melanoma_edge: Run, sealed_model: Seal, picture: Save
) -> None:
    flat = Image.new("RGB", (64, 64), "white")
    paths = [picture("lesion.jpg"), picture("flat.png", flat)]
    finished = melanoma_edge("image", *paths, "--model", sealed_model().path)
    lines = finished.stdout.splitlines()
    assert finished.returncode == 0
    assert lines[0].split() == ["picture", "score", "decision", "latency", "reason"]
    assert "REFER" in lines[2]
    assert "almost uniform" in lines[3]
    assert lines[3].removeprefix(str(paths[1])).split()[:2] == ["–", "RETAKE"]
    assert "sensitivity 0.950 [0.764–0.991] (19/20)" in finished.stdout
    assert "scores mean nothing" in finished.stdout
    assert lines[-1] == "Research software, not a medical device."


def test_a_picture_to_be_taken_again_has_no_score(
    melanoma_edge: Run, sealed_model: Seal, picture: Save
) -> None:
    flat = picture("flat.png", Image.new("RGB", (64, 64), "white"))
    finished = melanoma_edge("image", flat, "--model", sealed_model().path, "--json")
    row = rows(finished)[0]
    assert finished.returncode == 0
    assert (row["decision"], row["score"], row["error"]) == ("RETAKE", None, None)


def test_odd_files_of_a_folder_get_rows_and_do_not_stop_it(
    melanoma_edge: Run, sealed_model: Seal, picture: Save, tmp_path: Path
) -> None:
    picture("pictures/good.jpg")
    folder = tmp_path / "pictures"
    (folder / "self.jpg").symlink_to("self.jpg")
    (folder / "up").symlink_to(tmp_path)
    (folder / "text.jpg").write_text("no picture")
    (folder / "within.jpg").mkdir()
    os.mkfifo(folder / "pipe.jpg")
    model = sealed_model().path
    finished = melanoma_edge("image", folder, "--recursive", "--model", model, "--json")
    errors = {Path(row["source"]).name: row["error"] for row in rows(finished)}
    assert finished.returncode == 4
    assert errors.keys() == {"good.jpg", "self.jpg", "text.jpg", "pipe.jpg"}
    assert errors.pop("good.jpg") is None
    assert all(error.startswith("expected a") for error in errors.values())


@pytest.mark.skipif(sys.platform == "darwin", reason="file names there are UTF-8")
def test_any_file_name_is_shown_without_harm(
    melanoma_edge: Run, sealed_model: Seal, picture: Save, tmp_path: Path
) -> None:
    names = [b"l\xe4sion.png", b"two\nlines.png", b"red \x1b[31m.png", "läsion.png".encode()]
    paths = [picture().rename(tmp_path / os.fsdecode(name)) for name in names]
    model = sealed_model().path
    as_json = melanoma_edge("image", *paths, "--model", model, "--json")
    as_table = melanoma_edge("image", *paths, "--model", model, encoding="ascii")
    sources = [Path(row["source"]).name for row in rows(as_json)]
    shown = [line.split(" 0.")[0].split("/")[-1].strip() for line in as_table.stdout.splitlines()]
    assert as_json.returncode == as_table.returncode == 0
    assert sources == [r"l\xe4sion.png", "two\nlines.png", "red \x1b[31m.png", "läsion.png"]
    assert shown[2:6] == [
        *(r"l\xe4sion.png", r"two\nlines.png", r"red \x1b[31m.png", r"l\xe4sion.png")
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_picture_that_may_not_be_read_gets_an_error_row(
    melanoma_edge: Run, sealed_model: Seal, picture: Save
) -> None:
    closed = picture("closed.jpg")
    closed.chmod(0)
    model = sealed_model().path
    finished = melanoma_edge("image", closed, picture("open.jpg"), "--model", model, "--json")
    found = rows(finished)
    assert finished.returncode == 4
    assert "permissions" in found[0]["error"]
    assert found[1]["error"] is None


def test_a_reader_that_leaves_early_gets_no_traceback(
    sealed_model: Seal, picture: Save, tmp_path: Path
) -> None:
    for number in range(40):
        picture(f"pictures/{number:02}.bmp")
    command = [sys.executable, "-m", "edge_runtime", "image", str(tmp_path / "pictures")]
    for options in (["--json"], []):
        with subprocess.Popen(
            [*command, "--model", str(sealed_model().path), *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()  # before anything is written, so that something fails
            complaints = process.stderr.read()
        assert process.returncode == 141
        assert "Traceback" not in complaints
        assert "Exception" not in complaints


def test_a_folder_may_be_asked_for_by_that_name(
    melanoma_edge: Run, sealed_model: Seal, picture: Save
) -> None:
    folder = picture("pictures/a.png").parent
    command = (folder, "--model", sealed_model("int8").path, "--json")
    (by_folder,), (by_image,) = (
        rows(melanoma_edge(name, *command)) for name in ("folder", "image")
    )
    for row in (by_folder, by_image):
        del row["latency_ms"]
    assert by_folder == by_image
