"""Pictures beside a table, and a table alone: what is read, and what is refused."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from edge_runtime.errors import DatasetError
from edge_runtime.synthetic import draw_lesion
from trainer.dataset import Dataset, find_dataset
from trainer.lesion_kinds import parse_classes

# The ISIC Archive's name of a lesion's kind, which is not ours.
LEVEL = "diag" + "nosis_{}"
Put = Callable[..., Path]


@pytest.fixture
def put(tmp_path: Path) -> Put:
    """Writes drawn pictures, and a table: ``put("a.jpg", …, table="id,…")``."""

    def write(*files: str, table: str | bytes = b"", name: str = "metadata.csv") -> Path:
        for number, file in enumerate(files):
            path = tmp_path / file
            path.parent.mkdir(parents=True, exist_ok=True)
            label = ("benign", "malignant")[number % 2]
            Image.fromarray(draw_lesion(label, number, (24, 24))).save(path)
        if table:
            content = table if isinstance(table, bytes) else table.encode()
            (tmp_path / name).write_bytes(content)
        return tmp_path

    return write


@pytest.fixture(autouse=True)
def messages(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger("melanoma"), "propagate", True)
    caplog.set_level(logging.INFO, "melanoma")


def labels_of(dataset: Dataset) -> dict[str, str]:
    return {picture.file: picture.label for picture in dataset.pictures}


HAM = (
    "lesion_id,image_id,dx,dx_type,age,sex,localization\n"
    "L1,ISIC_1,mel,histo,45.0,male,back\n"
    "L2,ISIC_2,nv,follow_up,,female,trunk\n"
    "L3,ISIC_3,bcc,histo,70.0,female,face\n"
)


def test_ham10000_as_it_is_published(put: Put, caplog: pytest.LogCaptureFixture) -> None:
    folder = put("part_1/ISIC_1.jpg", "part_2/ISIC_2.JPG", "part_2/ISIC_3.jpg", table=HAM)
    dataset = find_dataset(folder)
    assert labels_of(dataset) == {"part_1/ISIC_1.jpg": "malignant", "part_2/ISIC_2.JPG": "benign"}
    melanoma = dataset.pictures[0]
    assert (melanoma.lesion, melanoma.patient, melanoma.split) == ("L1", None, None)
    assert melanoma.metadata == {
        "lesion_id": "L1",
        "image_id": "ISIC_1",
        "dx": "mel",
        "dx_type": "histo",
        "age": "45",
        "sex": "male",
        "site": "back",
        "localization": "back",
    }
    assert dict(dataset.left_out) == {"bcc": 1}
    assert "1 bcc" in caplog.text
    assert "--classes" in caplog.text


def test_classes_replace_entries_of_the_table(put: Put) -> None:
    folder = put("ISIC_1.jpg", "ISIC_2.jpg", "ISIC_3.jpg", table=HAM)
    dataset = find_dataset(folder, classes=parse_classes("bcc=malignant, mel=out"))
    assert labels_of(dataset) == {"ISIC_2.jpg": "benign", "ISIC_3.jpg": "malignant"}
    assert dict(dataset.left_out) == {"mel": 1}


@pytest.mark.parametrize(
    "table",
    [
        "isic_id,target\na,1\nb,0\n",
        "isic_id,target\na,1.0\nb,0.0\n",
        "image_name,benign_malignant,target\na,malignant,1\nb,benign,0\n",
        "image,MEL,NV,BCC,AKIEC,BKL,DF,VASC\na,1.0,0.0,0,0,0,0,0\nb,0.0,0,0,0,1.0,0,0\n",
        "image,MEL,NV,BCC,AK,BKL,DF,VASC,SCC,UNK\na,1,0,0,0,0,0,0,0,0\nb,0,0,0,0,0,1,0,0,0\n",
        "file,label\na.png,Malignant\nb.png,BENIGN\n",
        "file;label\na.png;mel\n./b.png;nevus\n",
        "\ufeffisic_id,label\na,malignant\nb,benign\n",
        f"isic_id,{LEVEL.format(1)},{LEVEL.format(3)}\na,Malignant,Melanoma Invasive\n"
        "b,Benign,Spitz something\n",
        f"isic_id,{LEVEL.format(1)},benign_malignant\na,,malignant\nb,Benign,benign\n",
    ],
)
def test_every_way_to_name_the_class(put: Put, table: str) -> None:
    dataset = find_dataset(put("a.png", "b.png", table=table, name="train.csv"))
    assert labels_of(dataset) == {"a.png": "malignant", "b.png": "benign"}


def test_malignant_without_more_is_not_taken_for_melanoma(put: Put) -> None:
    table = (
        f"isic_id,benign_malignant,{LEVEL.format(1)},{LEVEL.format(3)}\n"
        "a,malignant,Malignant,Melanoma in situ\nb,benign,Benign,Nevus\n"
        "c,malignant,Malignant,Basal cell carcinoma\nd,malignant,Malignant,\n"
    )
    dataset = find_dataset(put("a.jpg", "b.jpg", "c.jpg", "d.jpg", table=table))
    assert set(labels_of(dataset)) == {"a.jpg", "b.jpg"}
    assert dict(dataset.left_out) == {"bcc": 1, "malignant": 1}


def test_the_table_may_hold_the_split(put: Put) -> None:
    rows = [f"{s}{c},{c},{s},P{s}" for s in ("Training", "val", "test") for c in (0, 1)]
    table = "image,target,split,patient_id\n" + "\n".join(rows)
    files = [f"x/{s}{c}.jpg" for s in ("Training", "val", "test") for c in (0, 1)]
    dataset = find_dataset(put(*files, table=table))
    assert [p.split for p in dataset.pictures] == ["train", "train", "test", "test"] + ["valid"] * 2
    assert dataset.pictures[0].patient == "PTraining"


def test_a_table_alone_with_paths_from_it(put: Put) -> None:
    folder = put(
        "in/a.jpg", "in/b.jpg", "in/c.jpg", table="file,label,note\nin/a.jpg,0,x\nin/b.jpg,1,\n"
    )
    dataset = find_dataset(folder / "metadata.csv")
    assert dataset.folder == folder
    assert labels_of(dataset) == {"in/a.jpg": "benign", "in/b.jpg": "malignant"}
    assert dataset.pictures[0].metadata["note"] == "x"


def test_a_table_alone_with_absolute_paths(put: Put, tmp_path: Path) -> None:
    put("far/one/a.jpg", "far/two/b.jpg")
    table = tmp_path / "lists" / "set.csv"
    table.parent.mkdir()
    rows = f"{tmp_path}/far/one/a.jpg,benign\n{tmp_path}/far/two/b.jpg,malignant\n"
    table.write_text("file,label\n" + rows)
    dataset = find_dataset(table)
    assert dataset.folder == tmp_path / "far"
    assert labels_of(dataset) == {"one/a.jpg": "benign", "two/b.jpg": "malignant"}
    assert all((dataset.folder / picture.file).is_file() for picture in dataset.pictures)


def test_a_table_alone_with_ids_finds_the_pictures_beside_it(put: Put) -> None:
    folder = put("p/ISIC_1.jpg", "p/ISIC_2.jpg", table=HAM, name="HAM10000_metadata.csv")
    assert len(find_dataset(folder / "HAM10000_metadata.csv").pictures) == 2


def test_other_tables_in_the_folder_do_not_disturb(put: Put) -> None:
    put(table="pixel0000,pixel0001\n1,2\n", name="hmnist_8_8_L.csv")
    assert len(find_dataset(put("ISIC_1.jpg", "ISIC_2.jpg", table=HAM, name="x.csv")).pictures) == 2


def test_missing_files_and_missing_rows_are_counted(
    put: Put, caplog: pytest.LogCaptureFixture
) -> None:
    table = "isic_id,target\na,0\nb,1\ngone1,0\ngone2,0\n"
    dataset = find_dataset(put("a.jpg", "b.jpg", "extra.jpg", table=table))
    assert dict(dataset.left_out) == {"row without picture": 2, "picture without row": 1}
    assert "2 rows of metadata.csv have no picture, the first: 'gone1', 'gone2'" in caplog.text
    assert "'extra.jpg'" in caplog.text


def test_folders_give_the_label_and_the_table_the_rest(put: Put) -> None:
    table = "image_id,label,age_approx,lesion_id\nb,malignant,30,L1\n"
    dataset = find_dataset(put("benign/b.jpg", "malignant/m.jpg", table=table, name="list.csv"))
    benign, malignant = dataset.pictures
    assert (benign.label, benign.lesion, benign.metadata["age"]) == ("benign", "L1", "30")
    assert malignant.metadata == {}


def test_equal_rows_of_one_picture_are_one(put: Put) -> None:
    table = "isic_id,target\na,0\nb,1\nb,1\n"
    assert len(find_dataset(put("a.jpg", "b.jpg", table=table)).pictures) == 2


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("name,target\na,0\n", r"isic_id, image_id.*Received: columns=\['name', 'target'\]"),
        ("isic_id,class\na,0\n", r"label, target, benign_malignant, dx.*\['isic_id', 'class'\]"),
        ("isic_id,target\nx,0\ny,1\n", "2 rows without a file, the first: 'x', 'y'"),
        ("isic_id,target\na,0\nb,0\n", r"both classes.*'malignant': 0"),
        ("isic_id,label\na,good\nb,bad\n", "both classes.*left out: {'good': 1, 'bad': 1"),
        ("isic_id,target\na,0\nb,1\nb,0\n", r"to agree.*\('target', '1', '0'\)"),
        ("isic_id,dx\na,nv\nb,mel\nb,bcc\n", r"to agree.*'mel', 'bcc'"),
        ("isic_id,target\nsame,0\nb,1\n", "one picture for each id"),
        ("isic_id,target,split\na,0,holdout\nb,1,train\n", "split='holdout' of 'a.jpg'"),
        ("file,label\n../a.jpg,0\nb.jpg,1\n", "leads out"),
        ("file,label\nx/../../a.jpg,0\nb.jpg,1\n", "leads out"),
        ("file,label\n/etc/a.jpg,0\nb.jpg,1\n", "leads out"),
        ("isic_id,target\na,0,7\n", "more in line 2"),
        ("isic_id,target,Target\na,0,1\n", r"repeated=\['Target', 'target'\]"),
        ("\n", "first line"),
        (b"isic_id,target\n\xe9,0\n", "UTF-8"),
        (b"isic_id,target\n\xff\xfe,0\n", "UTF-8"),
    ],
)
def test_unsound_tables_are_refused(put: Put, table: str | bytes, says: str) -> None:
    folder = put("a.jpg", "b.jpg", "p/same.jpg", "q/same.png", table=table)
    with pytest.raises(DatasetError, match=says):
        find_dataset(folder)


def test_relative_paths_out_of_the_folder_are_refused_in_a_table_alone(put: Put) -> None:
    folder = put(
        "a.jpg", "lists/b.jpg", table="file,label\n../a.jpg,0\nb.jpg,1\n", name="lists/l.csv"
    )
    with pytest.raises(DatasetError, match="leads out"):
        find_dataset(folder / "lists" / "l.csv")


def test_two_tables_that_name_pictures_are_refused(put: Put) -> None:
    put(table=HAM, name="one.csv")
    with pytest.raises(DatasetError, match=r"\['one.csv', 'two.csv'\]"):
        find_dataset(put("ISIC_1.jpg", table=HAM, name="two.csv"))


@pytest.mark.parametrize("text", ["mel", "mel=cancer", "=benign", "nv=benign,nevus=malignant"])
def test_unsound_classes_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        parse_classes(text)


def test_an_empty_picture_is_not_refused_here(put: Put) -> None:
    folder = put("a.jpg", "b.jpg", table="isic_id,target\na,0\nb,1\n")
    (folder / "a.jpg").write_bytes(b"")
    assert len(find_dataset(folder).pictures) == 2
