"""What an audit finds in a set with planted faults, and that it finds nothing in a sound one."""

import dataclasses
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from trainer.audit import Audit, audit_dataset
from trainer.dataset import find_dataset

Copy = Callable[[Image.Image], Image.Image]
Save = Callable[..., None]
COPIES = (
    *("encoded", "cropped", "mirrored", "turned", "dimmed", "shrunk"),
    "mirrored and cropped",
)


def audited(folder: Path) -> Audit:
    return audit_dataset(find_dataset(folder), workers=2)


def test_a_sound_set_has_no_findings(split_set: Path) -> None:
    audit = audited(split_set)
    assert audit.pictures == 24
    assert audit.classes == {
        "train": {"benign": 8, "malignant": 8},
        "test": {"benign": 4, "malignant": 4},
    }
    assert audit.sizes == {"160×160": 24}
    found = audit.as_dict()
    faults = ("leaks", "disagreements", "unreadable", "clusters", "exact_copies", "near_copies")
    assert [name for name in faults if found[name]] == []


@pytest.mark.parametrize("name", COPIES)
def test_a_copy_in_another_split_is_a_leak(
    split_set: Path, drawn: list[Image.Image], copies: dict[str, Copy], save: Save, name: str
) -> None:
    for i in (0, 2, 4, 6):
        save(split_set / f"test/benign/copy{i:02d}.jpg", copies[name](drawn[i]), quality=70)
    audit = audited(split_set)
    assert [leak.files for leak in audit.leaks] == [
        (f"test/benign/copy{i:02d}.jpg", f"train/benign/{i:02d}.jpg") for i in (0, 2, 4, 6)
    ]
    assert {leak.kind for leak in audit.leaks} == {"near copies"}
    assert {leak.splits for leak in audit.leaks} == {("train", "test")}
    assert len(audit.near_copies) == 4
    assert audit.clusters["train/benign/00.jpg"] == "test/benign/copy00.jpg"


def test_equal_bytes_under_two_labels(split_set: Path) -> None:
    shutil.copy(split_set / "train/benign/00.jpg", split_set / "train/malignant/odd.jpg")
    audit = audited(split_set)
    files = ("train/benign/00.jpg", "train/malignant/odd.jpg")
    assert [copies.files for copies in audit.exact_copies] == [files]
    assert not audit.leaks
    (odd,) = audit.disagreements
    assert (odd.kind, odd.labels) == ("copies", {files[0]: "benign", files[1]: "malignant"})


def test_one_lesion_and_one_patient_in_two_splits(split_set: Path) -> None:
    (split_set / "metadata.csv").write_text(
        "file,lesion_id,patient_id\n"
        "train/benign/00.jpg,L1,P1\ntest/malignant/17.jpg,L1,P1\n"
        "train/benign/02.jpg,L2,P1\ntrain/benign/04.jpg,L3,P2\n",
        encoding="utf-8",
    )
    audit = audited(split_set)
    assert [(leak.kind, leak.name, len(leak.files)) for leak in audit.leaks] == [
        ("lesion", "L1", 2),
        ("patient", "P1", 3),
    ]
    assert [(odd.kind, odd.name) for odd in audit.disagreements] == [("lesion", "L1")]


def test_a_chain_of_copies_is_one_cluster(
    split_set: Path, drawn: list[Image.Image], save: Save
) -> None:
    for quality in (50, 60, 80):
        save(split_set / f"train/benign/q{quality}.jpg", drawn[0], quality)
    audit = audited(split_set)
    assert len(audit.near_copies) == 3
    assert set(audit.clusters.values()) == {"train/benign/00.jpg"}
    assert len(audit.clusters) == 4


def test_unusable_files_are_named_with_their_reason(split_set: Path, save: Save) -> None:
    whole = (split_set / "train/benign/00.jpg").read_bytes()
    (split_set / "train/benign/cut.jpg").write_bytes(whole[: len(whole) // 2])
    (split_set / "test/benign/cut.jpg").write_bytes(whole[: len(whole) // 2])
    (split_set / "train/benign/empty.png").write_bytes(b"")
    save(split_set / "train/benign/small.jpg", Image.new("RGB", (20, 20)))
    audit = audited(split_set)
    assert [entry.file for entry in audit.unreadable] == [
        "test/benign/cut.jpg",
        "train/benign/cut.jpg",
        "train/benign/empty.png",
        "train/benign/small.jpg",
    ]
    assert "32 pixels" in audit.unreadable[-1].reason
    assert audit.pictures == 28
    assert not audit.leaks, "an unusable picture is not trained on"


def test_even_pictures_are_not_taken_for_copies(split_set: Path, save: Save) -> None:
    for level in (100, 101, 250):
        save(split_set / f"train/benign/even{level}.jpg", Image.new("RGB", (64, 64), (level,) * 3))
    assert not audited(split_set).near_copies


def test_the_order_of_files_and_the_workers_do_not_matter(
    split_set: Path, drawn: list[Image.Image], copies: dict[str, Copy], save: Save
) -> None:
    for i, name in enumerate(copies):
        save(split_set / f"test/benign/{name}.jpg", copies[name](drawn[i % 2]), quality=80)
    dataset = find_dataset(split_set)
    shuffled = tuple(sorted(dataset.pictures, key=lambda picture: picture.sha256))
    assert shuffled != dataset.pictures
    other = dataclasses.replace(dataset, pictures=shuffled)
    assert audit_dataset(other, workers=1) == audit_dataset(dataset, workers=3)


def test_loops_of_links_and_names_in_other_encodings(split_set: Path) -> None:
    (split_set / "train/benign/loop").symlink_to(split_set / "train")
    (split_set / "train/benign/itself.jpg").symlink_to(split_set / "train/benign/itself.jpg")
    odd = split_set / os.fsdecode(b"test/benign/caf\xe9.jpg")
    shutil.copy(split_set / "train/benign/00.jpg", odd)
    audit = audited(split_set)
    assert [entry.file for entry in audit.unreadable] == ["train/benign/itself.jpg"]
    (leak,) = audit.leaks
    assert leak.files == (os.fsdecode(b"test/benign/caf\xe9.jpg"), "train/benign/00.jpg")
    assert audit.as_dict()["leaks"][0]["files"][0] == r"test/benign/caf\xe9.jpg"
