"""Downloads through kagglehub, here a stand-in of it."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edge_runtime.errors import MissingDependencyError
from edge_runtime.synthetic_dataset import write_dataset
from trainer.dataset import find_dataset
from trainer.download.errors import DownloadError
from trainer.download.kaggle import download_kaggle, parse_kaggle
from trainer.download.record import RECORD_FILE, DownloadRecord

HANDLE = "hasnainjaved/melanoma-skin-cancer-dataset-of-10000-images"


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What kagglehub was asked for; it gives class folders inside another folder."""
    cache = tmp_path / "cache" / "versions" / "1"
    for split, seed in (("train", 1), ("test", 2)):
        folder = cache / "melanoma_cancer_dataset" / split
        write_dataset(folder, benign=3, malignant=2, seed=seed, size_hw=(24, 24))
        (folder / "metadata.csv").unlink()
    handles: list[str] = []

    def dataset_download(handle: str) -> str:
        handles.append(handle)
        return str(cache)

    stand_in = SimpleNamespace(dataset_download=dataset_download)
    monkeypatch.setitem(sys.modules, "kagglehub", stand_in)
    return handles


def test_class_folders_arrive_with_their_hashes(asked: list[str], tmp_path: Path) -> None:
    out = tmp_path / "out"
    download_kaggle(HANDLE, DownloadRecord(out, f"kaggle:{HANDLE}"))
    assert asked == [HANDLE]
    dataset = find_dataset(out)
    assert {p.split for p in dataset.pictures} == {"train", "test"}
    lines = [json.loads(line) for line in (out / RECORD_FILE).read_text().splitlines()]
    hashes = {line["file"]: line["sha256"] for line in lines if "file" in line}
    assert hashes == {p.file: p.sha256 for p in dataset.pictures}
    assert len(hashes) == 10
    assert not list(out.rglob("*.part"))


def test_a_second_run_asks_for_nothing_until_a_file_changes(
    asked: list[str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    for _ in range(2):
        download_kaggle(HANDLE, DownloadRecord(out, f"kaggle:{HANDLE}"))
    assert len(asked) == 1
    picture = next((out / "train/benign").iterdir())
    content = picture.read_bytes()
    picture.write_bytes(b"changed")
    download_kaggle(HANDLE, DownloadRecord(out, f"kaggle:{HANDLE}"))
    assert len(asked) == 2
    assert picture.read_bytes() == content


def test_what_kaggle_refuses_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(_: str) -> str:
        raise ConnectionError("Max retries\nexceeded")

    monkeypatch.setitem(sys.modules, "kagglehub", SimpleNamespace(dataset_download=refuse))
    with pytest.raises(DownloadError, match=r"ConnectionError: Max retries exceeded.*\.kaggle"):
        download_kaggle("a/b", DownloadRecord(tmp_path / "out", "kaggle:a/b"))


def test_without_kagglehub_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    with pytest.raises(MissingDependencyError, match=r"melanoma-edge\[train\]"):
        download_kaggle("a/b", DownloadRecord(tmp_path / "out", "kaggle:a/b"))


@pytest.mark.parametrize("text", ["", "a", "a/b/c", "../b", "a/..", "a/b?x", "a b/c"])
def test_what_is_no_handle(text: str) -> None:
    with pytest.raises(ValueError, match="kaggle:OWNER/NAME"):
        parse_kaggle(text)


@pytest.mark.parametrize("source", ["kaggle:x", "isic:", "https://example.org/x.zip", "70"])
def test_the_command_refuses_other_sources(source: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "trainer", "download", source, "--out", str(tmp_path / "o")]
    finished: Any = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 2
    assert "SOURCE" in finished.stderr
    assert not (tmp_path / "o").exists()


def test_importing_the_command_does_not_need_kagglehub() -> None:
    code = "import trainer.cli, sys; sys.exit('kagglehub' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert importlib.util.find_spec("trainer.download.kaggle") is not None
