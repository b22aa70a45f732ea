"""Data sets of Kaggle, through its own package."""

import importlib
import re
import shutil
from pathlib import Path
from typing import Any

from edge_runtime.console import log, progress
from edge_runtime.errors import MissingDependencyError
from trainer.download.errors import DiskError, DownloadError
from trainer.download.record import RECORD_FILE, DownloadRecord, sha256_of

_HANDLE = re.compile(r"[\w.-]+/[\w.-]+(/versions/\d+)?", re.ASCII)


def parse_kaggle(text: str) -> str:
    """The handle of a data set, OWNER/NAME, with /versions/NUMBER for one version of it.

    Raises:
        ValueError: If it is no handle.
    """
    if not _HANDLE.fullmatch(text) or ".." in text:
        raise ValueError(f"expected kaggle:OWNER/NAME. Received: {text!r}")
    return text


def download_kaggle(handle: str, record: DownloadRecord) -> None:
    """Fetch a data set and put its files into the record's folder.

    A folder that holds everything else, as archives often have, is left out of the paths.

    Raises:
        MissingDependencyError: If kagglehub is not installed.
        DownloadError: If Kaggle cannot be reached, or does not give the data set.
        DiskError: If there is no room.
    """
    if record.holds_all():
        log.info("nothing to fetch: all %d files are as they were downloaded", len(record))
        return
    top = _single_top(_fetch(_import_kagglehub(), handle))
    files = sorted(
        path.relative_to(top).as_posix()
        for path in top.rglob("*")
        if path.is_file() and not path.is_symlink()
    )
    if not files:
        raise DownloadError(f"expected files in {handle!r}. Received: none. Check its name.")
    for file in progress(files, len(files), "files"):
        if file not in (RECORD_FILE, f"{RECORD_FILE}.part") and not record.holds(file):
            _copy(top / file, record.folder / file)
            record.add(file)
    record.finish()


def _import_kagglehub() -> Any:
    try:
        return importlib.import_module("kagglehub")
    except ImportError as error:
        raise MissingDependencyError(
            f"expected kagglehub, which fetches from Kaggle. Received: {error}. "
            'Install it with: pip install "melanoma-edge[train]"'
        ) from error


def _fetch(kagglehub: Any, handle: str) -> Path:
    try:
        return Path(kagglehub.dataset_download(handle))
    # kagglehub passes on errors of several packages, without a common class.
    except Exception as error:
        text = " ".join(str(error).split()) or type(error).__name__
        raise DownloadError(
            f"expected the Kaggle data set {handle!r}. Received: {type(error).__name__}: "
            f"{text[:300]}. Check name and network. Some data sets want an account: put its token "
            "into ~/.kaggle, as https://www.kaggle.com/docs/api says."
        ) from error


def _single_top(folder: Path) -> Path:
    """The folder below which files and folders begin to differ."""
    while True:
        entries = [path for path in folder.iterdir() if not path.name.startswith(".")]
        if len(entries) != 1 or not entries[0].is_dir():
            return folder
        folder = entries[0]


def _copy(source: Path, target: Path) -> None:
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, part)
        if sha256_of(part) != sha256_of(source):
            raise DiskError(
                f"expected a copy equal to its source. Received: other bytes in {part.name!r}. "
                "Check the disk."
            )
        part.replace(target)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise DiskError(
            f"expected to write {target.name!r}. Received: {error.strerror or error}. "
            "Free some space; the same command goes on where it stopped."
        ) from error
