"""One address at a time, and the record of what came from there."""

import time
from email.message import Message
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from edge_runtime.errors import OutputExistsError
from trainer.download import transfer
from trainer.download.errors import DownloadError
from trainer.download.record import RECORD_FILE, DownloadRecord
from trainer.download.transfer import Transfer


def test_signatures_of_links_are_not_shown(archive: Any, tmp_path: Path) -> None:
    with pytest.raises(DownloadError) as caught:
        Transfer(pause_s=0, attempts=1).fetch(
            f"{archive.address}/content/none.jpg?Signature=secret", tmp_path / "x"
        )
    assert "secret" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_only_the_web_is_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    with pytest.raises(DownloadError, match="http or https"):
        Transfer().fetch((tmp_path / "secret").as_uri(), tmp_path / "copy")


def test_dates_are_understood_as_waiting_times() -> None:
    headers = Message()
    headers["Retry-After"] = formatdate(time.time() + 30, usegmt=True)
    waited = transfer._retry_after_s(headers)
    assert waited is not None
    assert 25 < waited < 31


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(OutputExistsError, match=RECORD_FILE):
        DownloadRecord(tmp_path, "isic:70")
    DownloadRecord(tmp_path / "out", "isic:1")
    with pytest.raises(DownloadError, match="holds 'isic:1'"):
        DownloadRecord(tmp_path / "out", "isic:70")
