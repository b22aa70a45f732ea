"""Remembers what was fetched: file, sha256 and size, one JSON line each, as it happens."""

import hashlib
import json
import threading
from pathlib import Path
from typing import Final

from edge_runtime.console import display_name, log
from edge_runtime.errors import OutputExistsError
from trainer.download.errors import DownloadError

RECORD_FILE: Final = "downloads.jsonl"


class DownloadRecord:
    """The files of a download folder, as they were when they were fetched.

    Args:
        folder: The download folder; made if it is missing.
        source: What it is downloaded from; an earlier download must be of the same.

    Raises:
        OutputExistsError: If the folder holds something else.
        DownloadError: If it holds a download from another source.
    """

    def __init__(self, folder: Path, source: str) -> None:
        self.folder = folder
        self.complete = False
        self._path = folder / RECORD_FILE
        self._entries: dict[str, tuple[str, int]] = {}
        self._lock = threading.Lock()
        if self._path.is_file():
            self._read(source)
            return
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise OutputExistsError(
                f"expected a new or empty folder, or one of an earlier download. Received: "
                f"{display_name(folder)}, which has no {RECORD_FILE}. Name another folder."
            )
        folder.mkdir(parents=True, exist_ok=True)
        self._append({"source": source})

    def __len__(self) -> int:
        return len(self._entries)

    def holds(self, file: str) -> bool:
        """Whether the file is there with the bytes that were fetched; says so if they changed."""
        entry = self._entries.get(file)
        path = self.folder / file
        if entry is None or not path.is_file():
            return False
        if path.stat().st_size == entry[1] and sha256_of(path) == entry[0]:
            return True
        log.warning("warning: %s has changed since it was downloaded", file)
        return False

    def holds_all(self) -> bool:
        """Whether an earlier download was complete and every file is as it was fetched."""
        return self.complete and all(self.holds(file) for file in tuple(self._entries))

    def add(self, file: str) -> None:
        """Remember a file that is now in the folder."""
        path = self.folder / file
        entry = (sha256_of(path), path.stat().st_size)
        with self._lock:
            self._entries[file] = entry
            self._append({"file": file, "sha256": entry[0], "size": entry[1]})

    def finish(self) -> None:
        """Note that nothing is missing."""
        self.complete = True
        self._append({"complete": True})

    def _append(self, line: dict[str, object]) -> None:
        with self._path.open("a", encoding="utf-8", errors="surrogateescape") as stream:
            stream.write(json.dumps(line, ensure_ascii=False) + "\n")

    def _read(self, source: str) -> None:
        text = self._path.read_text(encoding="utf-8", errors="surrogateescape")
        for number, line in enumerate(text.splitlines()):
            try:
                entry = json.loads(line)
            except ValueError:
                # The line at which an earlier download was killed.
                continue
            if number == 0 and entry.get("source") != source:
                raise DownloadError(
                    f"expected a folder of {source!r}. Received: {display_name(self.folder)}, "
                    f"which holds {entry.get('source')!r}. Name another folder."
                )
            if "file" in entry:
                self._entries[entry["file"]] = (entry["sha256"], entry["size"])
                self.complete = False
            self.complete = self.complete or "complete" in entry
        if text and not text.endswith("\n"):
            with self._path.open("a", encoding="utf-8") as stream:
                stream.write("\n")


def sha256_of(path: Path) -> str:
    """Digest of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
