"""``melanoma-train audit``: what makes the figures of a data set unbelievable."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from edge_runtime import console
from edge_runtime.contract.card import NOTICE
from trainer.audit.examine import audit_dataset
from trainer.audit.findings import Audit, as_text
from trainer.audit.page import write_page
from trainer.dataset import find_dataset
from trainer.errors import LeakageError
from trainer.lesion_kinds import parse_classes

_ROWS_SHOWN = 20
_FILES_SHOWN = 3

Data = Annotated[
    Path, typer.Argument(metavar="DATA", help="Folder or table of labelled pictures, as for fit.")
]
Classes = Annotated[
    str,
    typer.Option(
        help="Class by kind of lesion, as for fit: bcc=malignant,df=out.", show_default=False
    ),
]
Report = Annotated[
    Path | None,
    typer.Option(help="HTML page to write, with the pairs side by side; must not exist."),
]
Workers = Annotated[
    int | None,
    typer.Option(
        min=1, help="Pictures decoded at a time. Default: one a core.", show_default=False
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="All findings as JSON on stdout.")]


def audit(
    data: Data,
    classes: Classes = "",
    report: Report = None,
    workers: Workers = None,
    as_json: AsJson = False,
) -> None:
    """Find copies, leaks between splits, labels at odds and unusable files in DATA.

    Copies are found also when newly encoded, resized, mirrored, turned, dimmed or cropped by up to
    2 % per side. Ends with 4 if a copy, a lesion or a patient lies in more than one split that
    folders or table give; everything else is a warning.
    """
    if report is not None:
        console.require_absent(report)
    dataset = find_dataset(data, classes=_classes(classes))
    found = audit_dataset(dataset, workers=workers)
    if report is not None:
        write_page(report, found, dataset)
    if as_json:
        console.write_line(json.dumps(found.as_dict(), allow_nan=False))
    else:
        _print_audit(found, report)
    if found.leaks:
        raise LeakageError(_leakage(found))


def _classes(text: str) -> dict[str, str]:
    try:
        return parse_classes(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--classes") from error


def _print_audit(audit: Audit, report: Path | None) -> None:
    labels = sorted({label for counts in audit.classes.values() for label in counts})
    rows = []
    for split, counts in audit.classes.items():
        total = sum(counts.values())
        shares = (
            f"{counts.get(label, 0)} ({counts.get(label, 0) / total:.1%})" for label in labels
        )
        rows.append((split, str(total), *shares))
    console.print_table(("split", "pictures", *labels), rows)
    console.write_line()
    console.print_table(("checked", "found"), _summary(audit))
    _print_details(audit)
    console.write_line()
    if report is not None:
        console.write_line(f"written to {console.display_name(report)}")
    console.write_line(NOTICE)


def _summary(audit: Audit) -> list[tuple[str, str]]:
    sizes = [f"{size} ({count})" for size, count in list(audit.sizes.items())[:3]]
    more = len(audit.sizes) - len(sizes)
    return [
        ("sizes", ", ".join(sizes) + (f" and {more} more" if more else "")),
        ("unusable files", str(len(audit.unreadable))),
        ("exact copies", f"{audit.surplus_copies} beyond the first of each"),
        ("near copies", f"{len(audit.near_copies)} of {audit.candidates} pairs that look alike"),
        ("labels at odds", str(len(audit.disagreements))),
        ("leaks between splits", _leaks(audit)),
    ]


def _leaks(audit: Audit) -> str:
    if set(audit.classes) <= {"all"}:
        return "not checked: the data set has no split"
    return audit.leak_kinds or "none"


def _print_details(audit: Audit) -> None:
    _print_rows(
        ("leak", "name", "splits", "files"),
        [(k.kind, k.name, ", ".join(k.splits), _files(k.files)) for k in audit.leaks],
    )
    _print_rows(
        ("near copies", "position", "agreement"),
        [(_files(p.files), p.position, f"{p.correlation:.2f}") for p in audit.near_copies],
    )
    _print_rows(
        ("exact copies", "files"),
        [(str(len(group.files)), _files(group.files)) for group in audit.exact_copies],
    )
    _print_rows(
        ("labels at odds", "name", "files"),
        [
            (odd.kind, odd.name, _files([f"{file}: {label}" for file, label in odd.labels.items()]))
            for odd in audit.disagreements
        ],
    )
    _print_rows(("unusable", "reason"), [(u.file, u.reason) for u in audit.unreadable])


def _print_rows(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if not rows:
        return
    console.write_line()
    shown = rows[:_ROWS_SHOWN]
    console.print_table(columns, [[as_text(c) for c in row] for row in shown])
    if len(rows) > len(shown):
        console.write_line(f"and {len(rows) - len(shown)} more; --json lists all")


def _files(files: Iterable[str]) -> str:
    names = list(files)
    more = len(names) - _FILES_SHOWN
    return ", ".join(names[:_FILES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _leakage(audit: Audit) -> str:
    return (
        "expected every picture, lesion and patient in one split. "
        f"Received: {len(audit.leaked_files)} pictures across splits ({audit.leak_kinds}). "
        "Move each group into one split, or give the pictures without split folders to fit, "
        "which keeps patients, lesions and copies together."
    )
