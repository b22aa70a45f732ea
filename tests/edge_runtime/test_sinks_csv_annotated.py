"""CSV rows and annotated copies: safe to open, free of EXIF, of the picture that was assessed."""

import csv
import io
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from edge_runtime.annotate import AnnotatedPictures
from edge_runtime.classifier import LesionClassifier
from edge_runtime.csv_sink import CsvRows, spreadsheet_safe
from edge_runtime.errors import InputError
from edge_runtime.synthetic import draw_lesion

Command = Callable[..., Any]
EXIF_DESCRIPTION = 0x010E


class Nowhere:
    """Shows nothing."""

    def assessed(self, source: Path, assessment: Any) -> None:
        pass

    def failed(self, source: Path, error: Any) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.fixture
def classifier(sealed_model: Callable[..., Any]) -> Iterator[LesionClassifier]:
    with LesionClassifier.open(sealed_model("float32").path) as opened:
        yield opened


def lesion(path: Path, seed: int = 0, side: int = 96) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    exif[EXIF_DESCRIPTION] = "Mrs Smith"
    Image.fromarray(draw_lesion("benign", seed, (side, side))).save(path, exif=exif)
    return path


def test_csv_has_a_row_a_picture_and_says_what_it_is(
    melanoma_edge: Command, sealed_model: Callable[..., Any], tmp_path: Path
) -> None:
    lesion(tmp_path / "in" / "a.png")
    (tmp_path / "in" / "broken.png").write_bytes(b"\x89PNG nothing")
    model = ("--model", sealed_model("int8").path)
    done = melanoma_edge("image", tmp_path / "in", *model, "--csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [bool(row["error"]) for row in rows] == [False, True]
    assert all(row["notice"] == "Research software, not a medical device." for row in rows)


@given(st.text())
def test_no_cell_is_taken_for_a_formula(text: str) -> None:
    assert not spreadsheet_safe(text).startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝"))
    assert spreadsheet_safe(text).endswith(text)


def test_every_cell_of_csv_is_made_safe(capsys: pytest.CaptureFixture[str]) -> None:
    sink = CsvRows()
    sink.failed(Path("=HYPERLINK(1),x.png"), InputError('@SUM(1)\n"quoted"'))
    sink.failed(Path(os.fsdecode(b"caf\xe9.png")), InputError("expected a picture"))
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert rows[0]["source"] == "'=HYPERLINK(1),x.png"
    assert rows[0]["error"] == '\'@SUM(1)\n"quoted"'
    assert rows[1]["source"] == r"caf\xe9.png"


def test_a_reader_of_csv_that_leaves_gets_no_traceback(
    sealed_model: Callable[..., Any], tmp_path: Path
) -> None:
    for number in range(4):
        lesion(tmp_path / "in" / f"{number}.png", number)
    line = [sys.executable, "-W", "error", "-m", "edge_runtime", "image", tmp_path / "in", "--csv"]
    line += ["--model", sealed_model("float32").path]
    process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    told = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait() == 141
    assert "error" not in told


def test_annotated_copies_hold_the_picture_and_no_exif(
    melanoma_edge: Command, sealed_model: Callable[..., Any], tmp_path: Path
) -> None:
    for seed, name in enumerate(("one/mole.png", "two/mole.png", "two/b.jpg")):
        lesion(tmp_path / "in" / name, seed)
    options = ("--model", sealed_model("int8").path, "--annotate", tmp_path / "out")
    for _ in range(2):  # again: the same pictures get the same names
        melanoma_edge("image", tmp_path / "in", "--recursive", *options)
    copies = sorted((tmp_path / "out").iterdir())
    assert [path.name.split("_")[0] for path in copies] == ["b", "mole", "mole"]
    for path in copies:
        assert b"Smith" not in path.read_bytes()
        with Image.open(path) as copy:
            assert not dict(copy.getexif())
            assert copy.height > 96
            assert np.asarray(copy)[-1, -1].tolist() == [255, 255, 255]
            assert np.asarray(copy)[100:].min() < 128, "something is written below"


@pytest.mark.parametrize("name", ["é" * 120 + ".png", os.fsdecode(b"caf\xe9.png"), "=a b.JPG"])
def test_odd_names_are_annotated(classifier: LesionClassifier, name: str, tmp_path: Path) -> None:
    source = lesion(tmp_path / "in" / name, side=900)
    AnnotatedPictures(tmp_path / "out", Nowhere()).assessed(source, classifier.assess(source))
    (copy,) = (tmp_path / "out").iterdir()
    with Image.open(copy) as opened:
        assert opened.width == 800
        assert opened.height > 800


def test_another_picture_of_that_name_is_not_annotated(
    classifier: LesionClassifier,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(logging.getLogger("melanoma"), "propagate", True)
    source = lesion(tmp_path / "a.png")
    assessment = classifier.assess(source)
    lesion(source, seed=1)
    AnnotatedPictures(tmp_path / "out", Nowhere()).assessed(source, assessment)
    source.unlink()
    AnnotatedPictures(tmp_path / "out", Nowhere()).assessed(source, assessment)
    assert not (tmp_path / "out").exists()
    assert [record.message.count("was not annotated") for record in caplog.records] == [1, 1]
