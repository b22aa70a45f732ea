"""``python -m benchmarks.quality_gate``: how often the checks before scoring are right.

Prints the share sent back, with its 95 % Wilson interval: of real pictures (where it should be
nearly none), of the same pictures made worse, and of pictures of other things (nearly all).
"""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.quality_measure import Case, Outcome, find_cases, measure, shares
from benchmarks.quality_reference import fit_view_reference
from edge_runtime import console
from edge_runtime.contract.card import NOTICE
from edge_runtime.contract.operating_point import Proportion
from edge_runtime.contract.preprocess import Preprocessing, preprocess
from edge_runtime.errors import DatasetError

_WANTED = {True: "sent back", False: "scored", None: "either"}

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.command()
def quality_gate(
    data: Annotated[Path, typer.Argument(help="Folder of dermatoscopic pictures.")],
    others: Annotated[
        Path | None, typer.Option(help="Folder of pictures of other things, one folder a kind.")
    ] = None,
    half: Annotated[
        str, typer.Option(help="report (not used to choose limits), choose, or both.")
    ] = "report",
    size: Annotated[int, typer.Option(min=32, max=448, help="Side of the model's input.")] = 224,
    sample: Annotated[
        int, typer.Option(min=0, help="At most so many real pictures are changed; 0: all.")
    ] = 600,
    fit: Annotated[
        bool, typer.Option("--fit", help="Print the view check's reference on the half instead.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout, not a table.")] = False,
) -> None:
    """State false retakes and detection of the checks before scoring."""
    halves = {"choose": 0, "report": 1, "both": None}
    console.require_choice("--half", half, tuple(halves))
    cases = find_cases(data, halves[half])
    if not cases:
        raise DatasetError(
            f"expected pictures below the folder. Received: {console.display_name(data)} with "
            "none. Name a folder of dermatoscopic pictures."
        )
    if fit:
        _print_reference(cases, size)
        return
    every = max(1, len(cases) // sample) if sample else 1
    results = console.progress(
        measure(cases, others, (size, size), every), len(cases), "pictures checked"
    )
    outcomes = [outcome for per_picture in results for outcome in per_picture]
    if as_json:
        console.write_line(json.dumps(_as_json(outcomes), indent=2))
    else:
        _print_outcomes(outcomes)


def _print_outcomes(outcomes: Sequence[Outcome]) -> None:
    columns = ("pictures", "", "should be", "sent back", "of", "share", "reasons")
    console.print_table(columns, _rows(outcomes))
    console.write_line(f"\nShares with 95 % Wilson intervals. {NOTICE}")


def _print_reference(cases: Sequence[Case], size: int) -> None:
    spec = Preprocessing(size_hw=(size, size))
    mean, precision = fit_view_reference([preprocess(case.path, spec) for case in cases])
    console.write_line(json.dumps({"view_mean": mean, "view_precision": precision}))


def _rows(outcomes: Sequence[Outcome]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for group, share in shares(outcomes).items():
        members = [outcome for outcome in outcomes if outcome.group == group]
        reasons = Counter(reason for outcome in members for reason in outcome.reasons)
        listed = ", ".join(f"{reason} {count}" for reason, count in reasons.most_common())
        rows.append(
            (
                *group,
                _WANTED[members[0].unfit],
                str(share.successes),
                str(share.trials),
                _percent(share),
                listed,
            )
        )
    return rows


def _percent(share: Proportion) -> str:
    low, high = share.interval
    return f"{share.value:.1%} [{low:.1%}–{high:.1%}]"


def _as_json(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    rows = []
    for group, share in shares(outcomes).items():
        members = [outcome for outcome in outcomes if outcome.group == group]
        wrong = [o.path for o in members if o.unfit is not None and bool(o.reasons) != o.unfit]
        rows.append(
            {
                "pictures": group[0],
                "strength": group[1],
                "should_be": _WANTED[members[0].unfit],
                "sent_back": share.successes,
                "of": share.trials,
                "interval_95": share.interval,
                "reasons": Counter(reason for o in members for reason in o.reasons),
                "wrong": [console.display_name(path) for path in wrong],
            }
        )
    return rows


if __name__ == "__main__":
    console.run_app(app)
