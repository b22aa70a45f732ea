"""What a device keeps between starts: found again under its key only, and never in the way."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime import host_state
from edge_runtime.host_state import recall, remember, state_folder

KEY = {"file": "abc", "runtime": "r 1"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("MELANOMA_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(logging.getLogger("melanoma"), "propagate", True)
    host_state._say_once.cache_clear()
    yield tmp_path / "state"
    host_state._say_once.cache_clear()


def test_a_value_is_found_under_its_topic_and_key_only(monkeypatch: pytest.MonkeyPatch) -> None:
    remember("threads", KEY, 2)
    assert recall("threads", KEY) == 2
    assert recall("threads", dict(reversed(KEY.items()))) == 2
    assert recall("self-test", KEY) is None
    assert recall("threads", {**KEY, "runtime": "r 2"}) is None
    assert recall("threads", {"file": "abc"}) is None
    monkeypatch.setattr(host_state, "host_id", lambda: "another board")
    assert recall("threads", KEY) is None


def test_a_later_value_replaces_the_former_and_leaves_nothing_beside_it(folder: Path) -> None:
    for value in (1, "two", [3]):
        remember("threads", KEY, value)
        assert recall("threads", KEY) == value
    assert len(list(folder.iterdir())) == 1
    assert folder.stat().st_mode & 0o777 == 0o700


@given(st.binary(max_size=60) | st.sampled_from([b"[]", b'{"key": {}, "value": 3}', b"{" * 60]))
def test_a_damaged_record_is_as_none_and_is_written_anew(content: bytes) -> None:
    remember("threads", KEY, 2)
    for record in state_folder().iterdir():
        record.write_bytes(content)
    assert recall("threads", KEY) is None
    remember("threads", KEY, 4)
    assert recall("threads", KEY) == 4


def test_a_record_that_was_moved_to_another_key_is_not_believed(folder: Path) -> None:
    remember("threads", KEY, 2)
    (moved,) = folder.iterdir()
    content = moved.read_bytes()
    remember("threads", {**KEY, "file": "def"}, 3)
    for record in folder.iterdir():
        record.write_bytes(content)
    assert recall("threads", {**KEY, "file": "def"}) is None


@pytest.mark.skipif(os.name != "posix", reason="permissions as POSIX has them")
def test_a_folder_that_others_can_write_to_is_not_used(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    remember("threads", KEY, 2)
    folder.chmod(0o777)
    assert recall("threads", KEY) is None
    remember("self-test", KEY, 1)
    assert len(list(folder.iterdir())) == 1
    assert caplog.text.count("Tests and measurements run at every start") == 1


def test_a_folder_that_cannot_be_made_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MELANOMA_STATE", str(tmp_path / "file" / "state"))
    for _ in range(3):
        remember("threads", KEY, 2)
        assert recall("threads", KEY) is None
    assert caplog.text.count("MELANOMA_STATE") == 1


def test_without_the_variable_the_folder_is_where_xdg_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MELANOMA_STATE")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert state_folder() == tmp_path / "melanoma-edge"
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert state_folder() == tmp_path / ".local" / "state" / "melanoma-edge"


def test_a_user_without_a_home_folder_goes_on_without(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("MELANOMA_STATE", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)

    def no_home() -> Path:
        raise RuntimeError("no home")

    monkeypatch.setattr(Path, "home", no_home)
    remember("threads", KEY, 2)
    assert recall("threads", KEY) is None
    assert "no home folder" in caplog.text
