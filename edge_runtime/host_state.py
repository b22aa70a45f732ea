"""What a device has found out about itself, kept between starts in a folder of its user.

One small JSON file a fact. A fact is found again only under exactly the key it was kept under, so
whatever a fact depends on belongs in its key. Nothing depends on the folder: if it cannot be read,
written or trusted, a start measures and tests again, and says so once.

The folder is the user's own. Who can write there can also change this program, so a fact is
believed; a folder that others may write to is not used.
"""

import functools
import hashlib
import json
import logging
import os
import platform
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

STATE_VARIABLE = "MELANOMA_STATE"

log = logging.getLogger("melanoma")


def state_folder() -> Path:
    """The folder that ``MELANOMA_STATE`` names, else ``melanoma-edge`` in the XDG state folder.

    Source: XDG Base Directory Specification 0.8, ``XDG_STATE_HOME``.

    Raises:
        OSError: If this user has no home folder and no variable names one.
    """
    if named := os.environ.get(STATE_VARIABLE):
        return Path(named)
    if state_home := os.environ.get("XDG_STATE_HOME"):
        return Path(state_home) / "melanoma-edge"
    try:
        return Path.home() / ".local" / "state" / "melanoma-edge"
    except RuntimeError as error:
        raise OSError("this user has no home folder") from error


@functools.cache
def host_id() -> str:
    """Hex digest of what makes this host: its machine id (else its name) and its processor.

    The processor counts too, because a memory card may be moved to another board.
    """
    machine = _read(Path("/etc/machine-id")).strip() or platform.node()
    processor = sorted(
        {
            line
            for line in _read(Path("/proc/cpuinfo")).splitlines()
            if line.startswith(("model name", "Model", "CPU part", "flags", "Features"))
        }
    )
    text = "\n".join((machine, platform.machine(), *processor))
    return hashlib.sha256(text.encode()).hexdigest()


def recall(topic: str, key: Mapping[str, str]) -> Any:
    """What was kept under a topic and key, as JSON types; None if nothing was."""
    try:
        path = _record(topic, key)
        _require_own(path.parent)
        record = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError, RecursionError):
        return None  # absent or damaged: found out anew, and then written anew
    except OSError as error:
        _say_once(str(error))
        return None
    if not isinstance(record, dict) or record.get("key") != _full_key(key):
        return None
    return record.get("value")


def remember(topic: str, key: Mapping[str, str], value: Any) -> None:
    """Keep a value of JSON types under a topic and key; without a usable folder nothing is kept."""
    text = json.dumps({"key": _full_key(key), "value": value}, indent=2, sort_keys=True) + "\n"
    try:
        path = _record(topic, key)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _require_own(path.parent)
        _write_beside_then_rename(path, text)
    except OSError as error:
        _say_once(str(error))


def _record(topic: str, key: Mapping[str, str]) -> Path:
    text = json.dumps(_full_key(key), sort_keys=True)
    return state_folder() / f"{topic}-{hashlib.sha256(text.encode()).hexdigest()[:32]}.json"


def _full_key(key: Mapping[str, str]) -> dict[str, str]:
    return {"host": host_id(), **key}


def _require_own(folder: Path) -> None:
    if os.name != "posix":
        return  # a profile folder there is closed to others by its access list
    status = folder.stat()
    if status.st_uid != os.geteuid() or status.st_mode & 0o022:
        raise PermissionError(f"not this user's alone to write to: {str(folder)!r}")


def _write_beside_then_rename(path: Path, text: str) -> None:
    descriptor, beside = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".partial")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(beside).replace(path)
    except OSError:
        Path(beside).unlink(missing_ok=True)
        raise


@functools.cache
def _say_once(problem: str) -> None:
    log.warning(
        "Tests and measurements run at every start, as the state folder cannot be used: %s. "
        "Name another one with %s.",
        problem,
        STATE_VARIABLE,
    )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
