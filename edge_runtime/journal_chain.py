"""The chain of a journal: each row holds the digest of the row before it and its own."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Self

from edge_runtime.errors import IntegrityError

GENESIS = "0" * 64  # stands before the first row


@dataclass(frozen=True, kw_only=True)
class Head:
    """The last row of a journal, which stands for all of them.

    Attributes:
        number: How many rows there are.
        sha256: Digest of the last.
    """

    number: int = 0
    sha256: str = GENESIS


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row as it is stored.

    Attributes:
        number: Its place, from 1.
        body: What was reported, as JSON text.
        previous_sha256: Digest of the row before it.
        sha256: Its own digest.
    """

    number: int
    body: str
    previous_sha256: str
    sha256: str

    @classmethod
    def after(cls, head: Head, entry: dict[str, Any]) -> Self:
        """The row that reports an entry, plain JSON types, next after ``head``."""
        text = json.dumps(entry, sort_keys=True, ensure_ascii=False, allow_nan=False)
        # What is no UTF-8, as a file name may be, becomes the escape that JSON has for it.
        body = text.encode("utf-8", "backslashreplace").decode()
        number = head.number + 1
        digest = row_sha256(number, head.sha256, body)
        return cls(number=number, body=body, previous_sha256=head.sha256, sha256=digest)

    @property
    def entry(self) -> dict[str, Any]:
        """What was reported, by field.

        Raises:
            IntegrityError: If the row was changed into what is no entry.
        """
        try:
            entry = json.loads(self.body)
        except ValueError as error:
            raise broken(self.number, "changed, and no JSON any more") from error
        if not isinstance(entry, dict):
            raise broken(self.number, "changed, and no JSON object any more")
        return entry


def row_sha256(number: int, previous_sha256: str, body: str) -> str:
    """Digest of a row: of its place, the digest before it and what it reports."""
    return hashlib.sha256(f"{number}\n{previous_sha256}\n{body}".encode()).hexdigest()


def follow(head: Head, row: Row) -> Head:
    """The head once a row is added.

    Raises:
        IntegrityError: If it is not the row that was stored next, as it was stored.
    """
    if row.number != head.number + 1:
        raise broken(head.number + 1, "missing")
    if row.previous_sha256 != head.sha256:
        raise broken(row.number, "not the one that followed the row before it")
    if row.sha256 != row_sha256(row.number, row.previous_sha256, row.body):
        raise broken(row.number, "changed")
    return Head(number=row.number, sha256=row.sha256)


def broken(number: int, what: str) -> IntegrityError:
    """The error that names the first row which is not as it was written."""
    return IntegrityError(
        f"expected every row as it was written. Received: row {number} is {what}. "
        "What was reported up to the row before it can be trusted, what follows cannot."
    )
