"""Folders that hold a data set, and folders that do not."""

import logging
from pathlib import Path

import pytest

from edge_runtime.errors import DatasetError
from trainer.dataset import find_dataset


def put(folder: Path, *files: str) -> Path:
    for number, file in enumerate(files):
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"%d" % number)
    return folder


def test_class_folders_without_split(tmp_path: Path) -> None:
    dataset = find_dataset(put(tmp_path, "benign/b.jpg", "malignant/m.PNG", "benign/notes.txt"))
    found = [(p.file, p.label, p.split) for p in dataset.pictures]
    assert found == [("benign/b.jpg", "benign", None), ("malignant/m.PNG", "malignant", None)]


def test_folders_of_the_well_known_sets(tmp_path: Path) -> None:
    files = [f"{s}/{c}/a.jpg" for s in ("train", "val", "test") for c in ("Benign", "malignant")]
    dataset = find_dataset(put(tmp_path, *files))
    assert {p.split for p in dataset.pictures} == {"train", "valid", "test"}
    assert {p.label for p in dataset.pictures} == {"benign", "malignant"}


def test_metadata_names_the_lesion(tmp_path: Path) -> None:
    put(tmp_path, "benign/b.jpg", "malignant/m.jpg")
    (tmp_path / "metadata.csv").write_text("file,lesion_id\nbenign/b.jpg,L1\n")
    lesions = {p.file: p.lesion for p in find_dataset(tmp_path).pictures}
    assert lesions == {"benign/b.jpg": "L1", "malignant/m.jpg": None}


def test_a_table_that_does_not_match_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    put(tmp_path, "benign/b.jpg", "malignant/m.jpg")
    (tmp_path / "metadata.csv").write_text("image_id,lesion_id\nXX_b,L1\nm,L2\n")
    with caplog.at_level(logging.WARNING, "melanoma"):
        find_dataset(tmp_path)
    assert "1 rows of metadata.csv have no picture, the first: 'XX_b'" in caplog.text
    assert "1 pictures have no row in metadata.csv" in caplog.text


def test_pictures_outside_the_class_folders_are_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    put(tmp_path, "train/benign/b.jpg", "train/malignant/m.jpg", "benign/c.jpg", "loose.jpg")
    with caplog.at_level(logging.WARNING, "melanoma"):
        assert len(find_dataset(tmp_path).pictures) == 2
    assert "2 pictures lie in no class folder that counts" in caplog.text


def test_a_lesion_that_nobody_knows_is_none(tmp_path: Path) -> None:
    put(tmp_path, "benign/b.jpg", "malignant/m.jpg")
    table = "file,lesion_id,patient_id\nbenign/b.jpg,Unknown,P1\nmalignant/m.jpg,nan,n/a\n"
    (tmp_path / "metadata.csv").write_text(table)
    known = {(p.lesion, p.patient) for p in find_dataset(tmp_path).pictures}
    assert known == {(None, "P1"), (None, None)}


def test_metadata_without_lesions_is_no_obstacle(tmp_path: Path) -> None:
    put(tmp_path, "benign/b.jpg", "malignant/m.jpg")
    (tmp_path / "metadata.csv").write_text("name,age\nb,45\n")
    assert all(p.lesion is None for p in find_dataset(tmp_path).pictures)


@pytest.mark.parametrize(
    ("files", "says"),
    [
        (("benign/b.jpg",), "both classes"),
        (("benign/b.jpg", "malignant/notes.txt"), "both classes"),
        (("nevus/a.jpg", "melanoma/b.jpg"), r"\['melanoma', 'nevus'\]"),
        (("train/benign/a.jpg", "train/malignant/b.jpg", "test/benign/c.jpg"), "test"),
    ],
)
def test_unsound_folders_are_refused(tmp_path: Path, files: tuple[str, ...], says: str) -> None:
    with pytest.raises(DatasetError, match=says):
        find_dataset(put(tmp_path, *files))


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no folder"):
        find_dataset(tmp_path / "nowhere")


def test_metadata_in_another_encoding_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "benign/b.jpg", "malignant/m.jpg")
    (tmp_path / "metadata.csv").write_bytes("file,lesion_id\nbenign/b.jpg,é\n".encode("latin-1"))
    with pytest.raises(DatasetError, match="UTF-8"):
        find_dataset(tmp_path)


def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    put(tmp_path, "benign/b.jpg", "malignant/m.jpg")
    (tmp_path / "benign" / "loop").symlink_to(tmp_path / "benign")
    assert len(find_dataset(tmp_path).pictures) == 2
