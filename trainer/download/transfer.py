"""Fetches one address at a time: retries, resumes, verifies, and leaves no half file."""

import email.utils
import errno
import hashlib
import http.client
import json
import re
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from edge_runtime.console import display_name
from edge_runtime.version import __version__
from trainer.download.errors import DiskError, DownloadError

T = TypeVar("T")
_RETRIED: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_CHUNK: Final = 1 << 18
_LONGEST_PAUSE_S: Final = 300.0
_MD5: Final = re.compile(r'"?([0-9a-f]{32})"?')


class _RetryError(Exception):
    """What may go better the next time; ``pause_s`` is what the server asked for."""

    def __init__(self, reason: str, pause_s: float | None = None) -> None:
        super().__init__(reason)
        self.pause_s = pause_s


@dataclass(frozen=True)
class Transfer:
    """How to fetch.

    Attributes:
        attempts: How often an address is tried.
        pause_s: Before the second attempt; doubled before each further one.
        timeout_s: Longest silence of the server.
        stopped: Set to make transfers in other threads end.
    """

    attempts: int = 5
    pause_s: float = 1.0
    timeout_s: float = 30.0
    stopped: threading.Event = field(default_factory=threading.Event)

    def read_json(self, url: str) -> dict[str, Any]:
        """The JSON object at an address.

        Raises:
            DownloadError: If it cannot be had, or is no JSON object.
        """
        text = self._persistently(url, lambda: self._read(url))
        try:
            answer = json.loads(text)
        except ValueError as error:
            raise DownloadError(
                f"expected JSON from {shown(url)}. Received: {text[:80]!r}. Try again later."
            ) from error
        if not isinstance(answer, dict):
            raise DownloadError(
                f"expected a JSON object from {shown(url)}. Received: {text[:80]!r}"
            )
        return answer

    def fetch(self, url: str, path: Path, size: int | None = None) -> None:
        """Put what lies at an address at a path; until it is whole, it is ``<path>.part``.

        Args:
            url: http or https.
            path: What it becomes; its folder exists.
            size: In bytes, where it is known.

        Raises:
            DownloadError: If it cannot be had, or has another size or hash than announced.
            DiskError: If it cannot be written.
        """
        part = path.with_name(path.name + ".part")
        self._persistently(url, lambda: self._fetch_once(url, part, size))
        _on_disk(path, lambda: part.replace(path))

    def _persistently(self, url: str, attempt: Callable[[], T]) -> T:
        pause_s = self.pause_s
        for number in range(1, self.attempts + 1):
            try:
                return attempt()
            except _RetryError as error:
                if number == self.attempts:
                    raise DownloadError(
                        f"expected an answer from {shown(url)} in {self.attempts} attempts. "
                        f"Received: {error}. Check the network; the same command goes on later."
                    ) from error
                wait_s = pause_s if error.pause_s is None else error.pause_s
                if self.stopped.wait(min(wait_s, _LONGEST_PAUSE_S)):
                    raise DownloadError("stopped") from error
                pause_s *= 2
        raise DownloadError(f"expected at least one attempt. Received: attempts={self.attempts}")

    def _read(self, url: str) -> bytes:
        with self._open(url, {"Accept": "application/json"}) as response:
            try:
                content: bytes = response.read()
            except (OSError, http.client.HTTPException) as error:
                raise _RetryError(f"{type(error).__name__}: {error}") from error
            return content

    def _fetch_once(self, url: str, part: Path, size: int | None) -> None:
        have = part.stat().st_size if part.is_file() else 0
        if have and (size is None or have >= size):
            part.unlink()
            have = 0
        asked = {"Range": f"bytes={have}-"} if have else {}
        with self._open(url, asked) as response:
            # Only a hash of the whole can show that the two halves are of one file.
            resumed = response.status == 206 and _md5_of(response.headers) is not None
            if response.status == 206 and not resumed:
                part.unlink()
                raise _RetryError("a part without a hash of the whole", pause_s=0)
            expected = _whole_size(response.headers, have if resumed else 0, size)
            self._write(response, part, append=resumed)
        _verify(url, part, expected, _md5_of(response.headers))

    def _write(self, response: Any, part: Path, *, append: bool) -> None:
        stream = _on_disk(part, lambda: part.open("ab" if append else "wb"))
        with stream:
            while True:
                if self.stopped.is_set():
                    raise DownloadError("stopped")
                try:
                    chunk = response.read(_CHUNK)
                except (OSError, http.client.HTTPException) as error:
                    raise _RetryError(f"{type(error).__name__}: {error}") from error
                if not chunk:
                    break
                _on_disk(part, partial(stream.write, chunk))
            _on_disk(part, stream.flush)

    def _open(self, url: str, headers: dict[str, str]) -> Any:
        if urlsplit(url).scheme not in ("http", "https"):
            raise DownloadError(
                f"expected an http or https address. Received: {shown(url)}. "
                "The source is not what it should be; nothing was fetched."
            )
        agent = {"User-Agent": f"melanoma-edge/{__version__}"}
        request = urllib.request.Request(url, headers=agent | headers)  # noqa: S310 - see above
        try:
            return urllib.request.urlopen(request, timeout=self.timeout_s)  # noqa: S310
        except urllib.error.HTTPError as error:
            with error:
                raise _answered(url, error) from error
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            raise _RetryError(f"{type(error).__name__}: {reason}") from error


def shown(url: str) -> str:
    """The address without its query, which may hold a signature."""
    return urlsplit(url)._replace(query="", fragment="").geturl()


def _answered(url: str, error: urllib.error.HTTPError) -> Exception:
    if error.code in _RETRIED:
        return _RetryError(f"HTTP {error.code} {error.reason}", _retry_after_s(error.headers))
    advice = {
        401: "It is not public; download it with its own tools.",
        403: "A link may have run out: run the same command again.",
        404: "Check the name of the source.",
    }.get(error.code, "Check the source; the same command goes on later.")
    return DownloadError(
        f"expected {shown(url)}. Received: HTTP {error.code} {error.reason}. {advice}"
    )


def _retry_after_s(headers: Message) -> float | None:
    text = headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except ValueError:
        return None


def _whole_size(headers: Message, have: int, size: int | None) -> int | None:
    """Bytes of the whole file; refuses an announcement that contradicts the source."""
    length = headers.get("Content-Length", "")
    announced = have + int(length) if length.isdecimal() else None
    if size is not None and announced is not None and announced != size:
        raise DownloadError(
            f"expected {size} bytes, as the source's list says. Received: {announced} announced. "
            "The source changed meanwhile: run the same command again."
        )
    return announced if size is None else size


def _verify(url: str, part: Path, size: int | None, md5: str | None) -> None:
    have = part.stat().st_size
    if size is not None and have < size:
        raise _RetryError(f"{have} of {size} bytes: the answer was cut off")
    if size is not None and have > size:
        part.unlink()
        raise _RetryError(f"{have} bytes instead of {size}")
    if md5 is None:
        return
    with part.open("rb") as stream:
        found = hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    if found != md5:
        part.unlink()
        raise _RetryError(f"bytes of {shown(url)} with md5={found} instead of {md5}")


def _md5_of(headers: Message) -> str | None:
    """MD5 of the whole file where the answer tells it, as hexadecimal digits."""
    # S3's ETag is the MD5 of an object unless it came in several parts or is encrypted by KMS;
    # other servers put anything there.
    if not headers.get("Server", "").startswith("AmazonS3"):
        return None
    if headers.get("x-amz-server-side-encryption", "AES256") != "AES256":
        return None
    match = _MD5.fullmatch(headers.get("ETag", ""))
    return match[1] if match else None


def _on_disk(path: Path, write: Callable[[], T]) -> T:
    try:
        return write()
    except OSError as error:
        advice = "Free some space" if error.errno == errno.ENOSPC else "Check the folder"
        raise DiskError(
            f"expected to write {display_name(path)}. Received: {error.strerror or error}. "
            f"{advice}; the same command goes on where it stopped."
        ) from error
