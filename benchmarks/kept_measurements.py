"""What a benchmark has measured so far, beside its output, so that it can go on after Ctrl-C."""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge_runtime.host_state import host_id
from edge_runtime.version import __version__

SUFFIX = ".kept"


@dataclass(kw_only=True)
class KeptMeasurements:
    """A folder with a JSON file a measurement, found again only under exactly its key.

    The key always includes this host and release: nothing measured elsewhere is taken up.

    Attributes:
        folder: Made with the first measurement; None keeps nothing.
        found: How many were taken up instead of being measured.
    """

    folder: Path | None
    found: int = field(default=0, init=False)

    def recall(self, key: Mapping[str, Any]) -> Any:
        """What was kept under the key, as JSON types; None if nothing was."""
        if self.folder is None:
            return None
        text = _text(key)
        try:
            kept = json.loads(self._file(text).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        if not isinstance(kept, dict) or kept.get("key") != text:
            return None
        self.found += 1
        return kept["value"]

    def keep(self, key: Mapping[str, Any], value: Any) -> None:
        """Keep a value of JSON types under the key."""
        if self.folder is None:
            return
        text = _text(key)
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self._file(text)
        partial = file.with_suffix(".partial")
        with partial.open("w", encoding="utf-8") as stream:
            json.dump({"key": text, "value": value}, stream)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(file)

    def remove(self) -> None:
        """Remove all of it, once the output is written."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _file(self, text: str) -> Path:
        if self.folder is None:
            raise ValueError("expected a folder. Received: folder=None")
        return self.folder / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.json"


def _text(key: Mapping[str, Any]) -> str:
    return json.dumps({"host": host_id(), "release": __version__, **key}, sort_keys=True)
