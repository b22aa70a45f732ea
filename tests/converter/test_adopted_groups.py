"""Lesions and patients of pictures that a model made elsewhere is judged on."""

import logging
from pathlib import Path

import pytest

from converter.adopted_groups import leaked_pictures, with_groups
from edge_runtime.contract.manifest import Picture
from edge_runtime.errors import DatasetError


def picture(number: int, split: str) -> Picture:
    digest = f"{number:064x}"
    file = f"{split}/benign/{number}.png"
    return Picture(file=file, sha256=digest, label="benign", group=digest, split=split)


PICTURES = [picture(0, "train"), picture(1, "train"), picture(2, "valid")]


def test_lesions_that_cross_the_splits_are_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "metadata.csv").write_text(
        "file,lesion_id\ntrain/benign/0.png,L1\nvalid/benign/2.png,L1\n"
    )
    with caplog.at_level(logging.WARNING, "melanoma"):
        grouped, by = with_groups(tmp_path, PICTURES)
    assert by == "lesion"
    assert [one.group for one in grouped] == ["L1", PICTURES[1].sha256, "L1"]
    assert leaked_pictures(grouped) == 2
    assert "1 pictures have no lesion_id" in caplog.text


def test_a_patient_keeps_more_together_than_a_lesion(tmp_path: Path) -> None:
    table = "file,lesion_id,patient_id\ntrain/benign/0.png,L1,P1\ntrain/benign/1.png,L2,P1\n"
    (tmp_path / "metadata.csv").write_text(table)
    grouped, by = with_groups(tmp_path, PICTURES)
    assert by == "patient"
    assert grouped[0].group == grouped[1].group == "P1"


@pytest.mark.parametrize("table", [None, "file,age\ntrain/benign/0.png,45\n"])
def test_without_lesions_content_is_what_is_known(tmp_path: Path, table: str | None) -> None:
    if table is not None:
        (tmp_path / "metadata.csv").write_text(table)
    copy = Picture(**{**vars(PICTURES[0]), "file": "valid/benign/9.png", "split": "valid"})
    grouped, by = with_groups(tmp_path, [*PICTURES, copy])
    assert (by, leaked_pictures(grouped)) == ("content", 2)


def test_a_table_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "metadata.csv").write_bytes(b"file,lesion_id\n\xe9.png,L1\n")
    with pytest.raises(DatasetError, match="UTF-8"):
        with_groups(tmp_path, PICTURES)
