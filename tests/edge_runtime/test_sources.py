"""Which files are assessed when files and folders are named."""

import io
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from edge_runtime.errors import InputError
from edge_runtime.sources import find_pictures


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def names(folder: Path, *, recursive: bool = False) -> list[str]:
    found = find_pictures([folder], recursive=recursive)
    return [path.relative_to(folder).as_posix() for path in found]


def test_a_folder_gives_its_pictures_sorted(tmp_path: Path) -> None:
    touch(tmp_path, "c.PNG", "a.jpg", "b.Tiff", "d.webp", "e.bmp", "f.jpeg", "g.dcm")
    touch(tmp_path, "notes.txt", "a.jpg.part", ".hidden.jpg", "deeper/g.jpg")
    assert names(tmp_path) == ["a.jpg", "b.Tiff", "c.PNG", "d.webp", "e.bmp", "f.jpeg", "g.dcm"]


def test_recursion_adds_the_folders_within_but_not_hidden_ones(tmp_path: Path) -> None:
    touch(tmp_path, "z.jpg", "b/y.jpg", "a/x.jpg", "a/deep/w.jpg", ".cache/v.jpg")
    assert names(tmp_path, recursive=True) == ["z.jpg", "a/x.jpg", "a/deep/w.jpg", "b/y.jpg"]


def test_files_keep_their_order_whatever_they_are_called(tmp_path: Path) -> None:
    paths = [tmp_path / "b.dat", tmp_path / "missing.jpg", tmp_path / "a.jpg"]
    touch(tmp_path, "b.dat", "a.jpg")
    assert find_pictures(paths) == paths


def test_links_to_folders_are_not_followed_so_that_loops_end(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "within/b.jpg")
    (tmp_path / "within" / "loop.jpg").symlink_to(tmp_path)
    assert names(tmp_path, recursive=True) == ["a.jpg", "within/b.jpg"]


def test_a_link_to_a_picture_is_a_picture(tmp_path: Path) -> None:
    touch(tmp_path, "elsewhere/a.jpg", "here/b.jpg")
    (tmp_path / "here" / "a.jpg").symlink_to(tmp_path / "elsewhere" / "a.jpg")
    assert names(tmp_path / "here") == ["a.jpg", "b.jpg"]


def test_nothing_found_says_what_would_have_been(tmp_path: Path) -> None:
    touch(tmp_path, "deeper/a.jpg")
    with pytest.raises(InputError, match=r"\.jpeg.*--recursive"):
        find_pictures([tmp_path])


def test_a_path_that_cannot_be_looked_at_is_left_to_its_own_error() -> None:
    path = Path("long" * 2000 + ".jpg")
    assert find_pictures([path]) == [path]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every folder")
def test_a_folder_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    touch(tmp_path, "closed/a.jpg")
    (tmp_path / "closed").chmod(0)
    try:
        with pytest.raises(InputError, match="Check its permissions"):
            find_pictures([tmp_path / "closed"])
    finally:
        (tmp_path / "closed").chmod(0o700)


@pytest.mark.skipif(sys.platform == "darwin", reason="file names there are UTF-8")
def test_a_folder_with_a_name_that_is_not_utf8_is_listed(tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff\xfe.jpg")
    touch(tmp_path, name)
    assert [path.name for path in find_pictures([tmp_path])] == [name]


def test_a_pattern_gives_its_pictures_and_the_pictures_of_its_folders(tmp_path: Path) -> None:
    touch(tmp_path, "a/2.jpg", "a/1.png", "a/notes.txt", "b/3.jpg", "c.jpg", "a/deep/4.jpg")

    def matches(pattern: str) -> list[str]:
        found = find_pictures([tmp_path / pattern])
        return [path.relative_to(tmp_path).as_posix() for path in found]

    assert matches("a/*") == ["a/1.png", "a/2.jpg", "a/deep/4.jpg"]
    assert matches("?.jpg") == ["c.jpg"]
    assert matches("[ab]") == ["a/1.png", "a/2.jpg", "b/3.jpg"]
    assert matches("**/*.jpg") == ["a/2.jpg", "a/deep/4.jpg", "b/3.jpg", "c.jpg"]
    assert matches("**") == ["a/1.png", "a/2.jpg", "a/deep/4.jpg", "b/3.jpg", "c.jpg"]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tmp_path: Path) -> None:
    touch(tmp_path, "scan[1].jpg", "scan1.jpg")
    assert find_pictures([tmp_path / "scan[1].jpg"]) == [tmp_path / "scan[1].jpg"]


def test_a_pattern_without_match_is_left_to_the_error_of_a_missing_file(tmp_path: Path) -> None:
    assert find_pictures([tmp_path / "*.jpg"]) == [tmp_path / "*.jpg"]


@pytest.mark.parametrize("text", [b"b.jpg\n\na b.png\n", b"b.jpg\r\na b.png", b"b.jpg\0a b.png\0"])
def test_a_list_on_stdin_names_a_path_a_line(text: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(text)))
    assert find_pictures([Path("c.jpg"), Path("-")]) == list(
        map(Path, ("c.jpg", "b.jpg", "a b.png"))
    )


def test_a_list_ended_by_nul_may_hold_any_name(monkeypatch: pytest.MonkeyPatch) -> None:
    text = b"two\nlines.jpg\0\xff\xfe*.jpg\0"
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(text)))
    assert [os.fsencode(path) for path in find_pictures([Path("-")])] == text.split(b"\0")[:-1]


def test_a_folder_in_the_list_gives_its_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path, "a.jpg")
    buffer = io.BytesIO(os.fsencode(tmp_path) + b"\n")
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=buffer))
    assert find_pictures([Path("-")]) == [tmp_path / "a.jpg"]


def test_an_empty_list_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"")))
    with pytest.raises(InputError, match="none in an empty list"):
        find_pictures([Path("-")])
