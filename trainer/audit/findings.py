"""What an audit found, as frozen values that become plain JSON."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

LeakKind = Literal["exact copies", "near copies", "lesion", "patient"]


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """A picture that training would leave out.

    Attributes:
        file: Relative to the data set.
        reason: What was expected and what came.
    """

    file: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class ExactCopies:
    """Files with equal bytes.

    Attributes:
        sha256: Of their bytes.
        files: Two or more, sorted.
    """

    sha256: str
    files: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class NearCopies:
    """Two pictures that agree on pixels, though their bytes differ.

    One was made from the other, or the same lesion was taken twice from the same place.

    Attributes:
        files: The two; further exact copies of either are not repeated here.
        position: How the second must be turned to lie upon the first.
        correlation: Of their details, laid upon each other.
        difference: Mean difference of their colours in grey levels, gain and offset removed.
    """

    files: tuple[str, str]
    position: str
    correlation: float
    difference: float


@dataclass(frozen=True, kw_only=True)
class Leak:
    """Something that lies in more than one of the given splits.

    Attributes:
        kind: What it is.
        name: Of the lesion or patient; of the cluster for copies.
        splits: Where it lies: ``train``, ``valid``, ``test``.
        files: All pictures of it, sorted.
    """

    kind: LeakKind
    name: str
    splits: tuple[str, ...]
    files: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Disagreement:
    """One picture or lesion under different labels.

    Attributes:
        kind: ``copies`` or ``lesion``.
        name: Of the lesion or the cluster of copies.
        labels: Label by file.
    """

    kind: Literal["copies", "lesion"]
    name: str
    labels: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Audit:
    """What makes, or does not make, the figures of a data set hard to believe.

    Attributes:
        pictures: How many files were looked at, unusable ones among them.
        classes: Usable pictures by split and label; the split of a set without one is ``all``.
        sizes: How many usable pictures have each size, by ``width×height``, most first.
        unreadable: What training would leave out.
        exact_copies: Groups of files with equal bytes.
        near_copies: Pairs confirmed on pixels, best first; n pictures alike give n − 1 pairs.
        candidates: Pairs that looked alike before pixels were compared.
        leaks: What crosses the given splits.
        disagreements: What has different labels.
        clusters: Cluster of copies by file, for files that have any; named by its first file.
    """

    pictures: int
    classes: Mapping[str, Mapping[str, int]]
    sizes: Mapping[str, int]
    unreadable: tuple[Unreadable, ...]
    exact_copies: tuple[ExactCopies, ...]
    near_copies: tuple[NearCopies, ...]
    candidates: int
    leaks: tuple[Leak, ...]
    disagreements: tuple[Disagreement, ...]
    clusters: Mapping[str, str]

    @property
    def leaked_files(self) -> frozenset[str]:
        """Every picture of what crosses the given splits."""
        return frozenset(file for leak in self.leaks for file in leak.files)

    @property
    def leak_kinds(self) -> str:
        """How many leaks of each kind, as in ``exact copies 2, lesion 1``; empty without leaks."""
        counts = Counter(leak.kind for leak in self.leaks)
        return ", ".join(f"{kind} {count}" for kind, count in counts.items())

    @property
    def surplus_copies(self) -> int:
        """Exact copies beyond the first of each."""
        return sum(len(group.files) - 1 for group in self.exact_copies)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON types; bytes of names that are not UTF-8 become escapes."""
        plain: dict[str, Any] = _plain(asdict(self))
        return plain


def as_text(name: str) -> str:
    r"""The name of a file as text that can be shown; bytes that are not UTF-8 become ``\\xNN``."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {as_text(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return as_text(value) if isinstance(value, str) else value
