"""Which pictures a benchmark takes."""

import dataclasses
import shutil

import pytest

from benchmarks.pictures import select_pictures
from edge_runtime.contract.embed import open_sealed
from edge_runtime.contract.manifest import SCORES_FILE, write_pictures
from edge_runtime.errors import DatasetError


def select(world, split="test"):
    card = open_sealed(world.model("int8")).card
    return select_pictures(world.models, world.data, split, card)


@pytest.mark.parametrize(("split", "count"), [("test", 16), ("valid", 16), ("all", 48)])
def test_split_of_the_scores(world, split, count):
    selection = select(world, split)
    assert len(selection.pictures) == count
    assert len(selection.scored) == 48
    assert {picture.group.split("-")[0] for picture in selection.pictures} == {
        "benign",
        "malignant",
    }


def test_one_changed_picture(world):
    changed = next(picture for picture in world.scored if picture.split == "test")
    world.write_picture(changed.file, seed=1, brightness=50)
    with pytest.raises(DatasetError, match=r"Received: 1 missing or changed.*other bytes"):
        select(world)
    assert len(select(world, "valid").pictures) == 16


def test_missing_pictures_are_counted(world):
    test = [picture for picture in world.scored if picture.split == "test"]
    for picture in test[:3]:
        (world.data / picture.file).unlink()
    with pytest.raises(DatasetError, match=r"all 16 test pictures.*Received: 3 missing"):
        select(world)


def test_scores_of_another_model(world):
    others = [dataclasses.replace(picture, split="test") for picture in world.scored]
    write_pictures(world.models / SCORES_FILE, others)
    with pytest.raises(DatasetError, match="another split"):
        select(world)


def test_another_data_set_needs_its_own_split_or_all(world):
    shutil.rmtree(world.data)
    for label, brightness in (("benign", 90), ("malignant", 150)):
        for number in range(3):
            world.write_picture(f"{label}/new{number}.png", number, brightness)
    with pytest.raises(DatasetError, match=r"scores\.csv with no test picture.*--split all"):
        select(world)
    selection = select(world, "all")
    assert len(selection.pictures) == 6
    assert selection.scored == ()


def test_split_folders_with_lesions(world):
    shutil.rmtree(world.data)
    for split in ("train", "test"):
        for label, brightness in (("benign", 90), ("malignant", 150)):
            for number in range(2):
                world.write_picture(f"{split}/{label}/{number}.png", number, brightness)
    (world.data / "metadata.csv").write_text(
        "file,lesion_id\ntest/benign/0.png,mole\ntest/benign/1.png,mole\n"
    )
    (world.models / SCORES_FILE).unlink()
    selection = select(world)
    assert [picture.file for picture in selection.pictures] == [
        "test/benign/0.png",
        "test/benign/1.png",
        "test/malignant/0.png",
        "test/malignant/1.png",
    ]
    groups = [picture.group for picture in selection.pictures]
    assert groups[:2] == ["mole", "mole"]
    assert all(group.startswith("sha256:") for group in groups[2:])
    with pytest.raises(DatasetError, match=r"folder valid/.*\['test', 'train'\].*no scores\.csv"):
        select(world, "valid")
