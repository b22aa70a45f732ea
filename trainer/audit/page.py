"""The audit as one HTML page that needs nothing else: offending pictures side by side."""

import base64
import html
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from PIL import Image

from edge_runtime.console import require_absent
from edge_runtime.contract.card import NOTICE
from edge_runtime.contract.preprocess import Preprocessing, preprocess
from edge_runtime.errors import InputError
from trainer.audit.findings import Audit, as_text
from trainer.audit.style import PAGE
from trainer.dataset import Dataset

_SHOWN = 100
_FILES_A_GROUP = 4
_THUMBNAIL = Preprocessing(size_hw=(160, 160))


def write_page(path: Path, audit: Audit, dataset: Dataset) -> None:
    """Write the page; it appears when it is complete.

    Raises:
        OutputExistsError: If the path exists.
    """
    require_absent(path)
    splits = {picture.file: picture.split or "" for picture in dataset.pictures}
    labels = {picture.file: picture.label for picture in dataset.pictures}
    page = PAGE.format(
        notice=html.escape(NOTICE),
        data=_text(dataset.folder.name or str(dataset.folder)),
        summary=_summary(audit),
        sections="".join(_Sections(dataset.folder, splits, labels).of(audit)),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".partial")
    beside.write_text(page, encoding="utf-8")
    beside.replace(path)


class _Sections:
    """Draws groups of pictures, at most so many in all."""

    def __init__(self, folder: Path, splits: dict[str, str], labels: dict[str, str]) -> None:
        self._folder, self._splits, self._labels = folder, splits, labels
        self._left = _SHOWN

    def of(self, audit: Audit) -> Iterable[str]:
        leaks = [
            (_title(leak.kind, leak.name), f"in {', '.join(leak.splits)}", self._across(leak.files))
            for leak in audit.leaks
        ]
        yield self._section("Leaks between splits", leaks)
        odd = [(_title(o.kind, o.name), "", list(o.labels)) for o in audit.disagreements]
        yield self._section("Labels at odds", odd)
        near = [
            (
                "near copies",
                f"second {n.position}; details agree to {n.correlation:.2f}, "
                f"colours differ by {n.difference:.1f} grey levels",
                list(n.files),
            )
            for n in audit.near_copies
        ]
        yield self._section("Near copies", near)
        exact = [
            ("equal bytes", f"{len(e.files)} files", list(e.files)) for e in audit.exact_copies
        ]
        yield self._section("Exact copies", exact)
        yield _unusable(audit)

    def _across(self, files: Sequence[str]) -> list[str]:
        """The files with the first of each split in front."""
        first = {self._splits[file]: file for file in reversed(files)}
        return [*first.values(), *(file for file in files if file not in first.values())]

    def _section(self, title: str, groups: Sequence[tuple[str, str, list[str]]]) -> str:
        if not groups:
            return ""
        shown = groups[: self._left]
        self._left -= len(shown)
        cards = "".join(self._group(*group) for group in shown)
        rest = len(groups) - len(shown)
        more = f'<p class="more">{rest} more not shown; --json lists all.</p>' if rest else ""
        return (
            f"<section><h2>{title} <small>{len(groups)}</small></h2>"
            f'<div class="groups">{cards}</div>{more}</section>'
        )

    def _group(self, title: str, detail: str, files: list[str]) -> str:
        figures = "".join(self._figure(file) for file in files[:_FILES_A_GROUP])
        rest = len(files) - _FILES_A_GROUP
        more = f'<p class="more">and {rest} more files</p>' if rest > 0 else ""
        return (
            f"<article><h3>{_text(title)}</h3><p>{_text(detail)}</p>"
            f'<div class="pictures">{figures}</div>{more}</article>'
        )

    def _figure(self, file: str) -> str:
        marks = [mark for mark in (self._splits.get(file), self._labels.get(file)) if mark]
        tags = "".join(f"<b>{_text(mark)}</b>" for mark in marks)
        caption = f"<figcaption>{tags}<span>{_text(file)}</span></figcaption>"
        return f"<figure>{_image(self._folder / file)}{caption}</figure>"


def _title(kind: str, name: str) -> str:
    """Kind and name; copies are named by a file that the pictures below show anyway."""
    return kind if kind.endswith("copies") else f"{kind} {name}"


def _image(path: Path) -> str:
    try:
        pixels = preprocess(path, _THUMBNAIL)
    except InputError:
        return '<div class="missing">cannot be read</div>'
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=85)
    encoded = base64.b64encode(buffer.getvalue()).decode("ascii")
    return f'<img alt="" width="160" height="160" src="data:image/jpeg;base64,{encoded}">'


def _summary(audit: Audit) -> str:
    labels = sorted({label for counts in audit.classes.values() for label in counts})
    head = "".join(f"<th>{_text(label)}</th>" for label in labels)
    rows = "".join(
        f"<tr><th>{_text(split)}</th>"
        + "".join(f"<td>{counts.get(label, 0)}</td>" for label in labels)
        + f"<td>{sum(counts.values())}</td></tr>"
        for split, counts in audit.classes.items()
    )
    splits = f"<table><tr><th>split</th>{head}<th>pictures</th></tr>{rows}</table>"
    sizes = ", ".join(f"{size} ({count})" for size, count in list(audit.sizes.items())[:8])
    return (
        f"<p>{_verdict(audit)}</p>{splits}<p>{audit.pictures} files; sizes {_text(sizes)}"
        f"{' and others' if len(audit.sizes) > 8 else ''}.</p>"
    )


def _verdict(audit: Audit) -> str:
    if audit.leaks:
        return (
            f'<strong class="bad">{len(audit.leaks)} leaks between splits:</strong> '
            "figures measured on this split would be too good."
        )
    if set(audit.classes) <= {"all"}:
        return "The data set has no split: leaks were not checked."
    return "<strong>No leak between splits was found.</strong>"


def _unusable(audit: Audit) -> str:
    if not audit.unreadable:
        return ""
    rows = "".join(
        f"<tr><td>{_text(entry.file)}</td><td>{_text(entry.reason)}</td></tr>"
        for entry in audit.unreadable[:_SHOWN]
    )
    rest = len(audit.unreadable) - _SHOWN
    more = f'<p class="more">{rest} more not shown.</p>' if rest > 0 else ""
    count = len(audit.unreadable)
    return (
        f"<section><h2>Unusable files <small>{count}</small></h2>"
        f"<table>{rows}</table>{more}</section>"
    )


def _text(text: str) -> str:
    """Escaped for HTML; bytes of names that are not UTF-8 as escapes."""
    return html.escape(as_text(text))
