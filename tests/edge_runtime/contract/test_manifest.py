"""The lists of pictures: written and read back equal, and changes are noticed."""

import dataclasses
import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.contract.manifest import (
    SPLITS,
    Picture,
    ScoredPicture,
    manifest_sha256,
    read_scores,
    require_unchanged,
    write_pictures,
)
from edge_runtime.errors import DatasetError

names = st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]), max_size=20)
pictures = st.builds(
    ScoredPicture,
    file=names,
    sha256=names,
    label=st.sampled_from(("benign", "malignant")),
    group=names,
    split=st.sampled_from(SPLITS),
    logit=st.floats(allow_nan=False),
    score=st.floats(0, 1),
)


def picture_of(content: bytes, file: str = "benign/a.jpg") -> Picture:
    digest = hashlib.sha256(content).hexdigest()
    return Picture(file=file, sha256=digest, label="benign", group="a", split="valid")


@given(listed=st.lists(pictures, min_size=1, max_size=5))
def test_scores_are_read_back_to_the_last_digit(
    tmp_path_factory: pytest.TempPathFactory, listed: list[ScoredPicture]
) -> None:
    path = tmp_path_factory.mktemp("scores") / "scores.csv"
    write_pictures(path, listed)
    assert read_scores(path) == listed
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_file_name_that_is_not_utf8_survives(tmp_path: Path) -> None:
    name = os.fsdecode(b"benign/\xff.jpg")
    scored = ScoredPicture(
        file=name, sha256="", label="benign", group="a", split="valid", logit=0.1, score=0.5
    )
    write_pictures(tmp_path / "scores.csv", [scored])
    assert read_scores(tmp_path / "scores.csv")[0].file == name


@pytest.mark.parametrize(
    "content",
    [
        "",
        "file,sha256\n",
        "file,sha256,label,group,split,logit,score\na,b,benign,c,valid,high,0.5\n",
        "file,sha256,label,group,split,logit,score\na,b,benign\n",
        "file,sha256,label,group,split,logit,score\n" + "a" * 200_000 + "\n",
    ],
)
def test_a_file_that_is_no_table_of_scores_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "scores.csv").write_text(content)
    with pytest.raises(DatasetError):
        read_scores(tmp_path / "scores.csv")


def test_missing_scores_and_an_empty_list_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="melanoma-train"):
        read_scores(tmp_path / "scores.csv")
    with pytest.raises(DatasetError, match="none"):
        write_pictures(tmp_path / "scores.csv", [])


def test_the_digest_is_of_content_label_and_split_not_of_order_or_path() -> None:
    one, other = picture_of(b"one"), picture_of(b"other")
    moved = dataclasses.replace(one, file="elsewhere/b.jpg")
    tested = dataclasses.replace(one, split="test")
    assert manifest_sha256([one, other]) == manifest_sha256([other, moved])
    assert manifest_sha256([one, other]) != manifest_sha256([tested, other])


def test_a_picture_that_changed_since_training_is_noticed(tmp_path: Path) -> None:
    listed = picture_of(b"as it was")
    (tmp_path / "benign").mkdir()
    with pytest.raises(DatasetError, match="--data"):
        require_unchanged(tmp_path, listed)
    (tmp_path / listed.file).write_bytes(b"as it was")
    assert require_unchanged(tmp_path, listed) == b"as it was"
    (tmp_path / listed.file).write_bytes(b"as it is")
    with pytest.raises(DatasetError, match="other bytes"):
        require_unchanged(tmp_path, listed)
