"""``melanoma-convert parity``: any two files on the same pictures."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from converter.labelled_folder import label_pictures
from edge_runtime import console
from edge_runtime.classifier import LesionClassifier
from edge_runtime.contract.card import NOTICE
from edge_runtime.contract.operating_point import scores_from_logits
from edge_runtime.contract.preprocess import preprocess
from edge_runtime.errors import DatasetError, InputError, TensorMismatchError
from edge_runtime.evaluation import Decided, Estimate, mcnemar, paired_changes

Logits = np.ndarray[tuple[int], np.dtype[np.float64]]


def parity(
    first: Annotated[Path, typer.Argument(help="A .tflite file with a card.")],
    second: Annotated[Path, typer.Argument(help="Another one, of the same picture size.")],
    data: Annotated[
        Path, typer.Option(help="Folder of pictures; with benign/ and malignant/, figures too.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Figures as JSON on stdout.")] = False,
) -> None:
    """Compare two files on the pictures of a folder: logits, scores and decisions.

    Each decides at its own operating point. Pictures that cannot be used are named and left out.
    """
    with LesionClassifier.open(first) as one, LesionClassifier.open(second) as two:
        if one.card.preprocessing != two.card.preprocessing:
            raise TensorMismatchError(
                "expected two files that see the same pixels. Received: "
                f"{one.card.preprocessing} and {two.card.preprocessing}"
            )
        pictures = label_pictures(data, one.card.labels)
        files, labels, logits = _run_both((one, two), pictures)
        cards = one.card, two.card
    scores = [
        scores_from_logits(z, card.temperature) for z, card in zip(logits, cards, strict=True)
    ]
    points = [card.operating_point for card in cards]
    decided = [
        Decided(scores=s, threshold=point.threshold)
        for s, point in zip(scores, points, strict=True)
    ]
    flips = np.flatnonzero(decided[0].called != decided[1].called)
    result = {
        "pictures": len(files),
        "mean_logit_difference": float(np.abs(logits[0] - logits[1]).mean()),
        "max_logit_difference": float(np.abs(logits[0] - logits[1]).max()),
        "max_score_difference": float(np.abs(scores[0] - scores[1]).max()),
        "flips": [files[i] for i in flips],
    }
    changes = _changes(labels, decided)
    if as_json:
        described = {name: value.as_dict() for name, value in changes.items()}
        console.write_line(json.dumps(result | {"changes": described, "notice": NOTICE}))
    else:
        p_value = mcnemar(np.array(labels), *decided).p_value if changes else None
        _print_result(result, changes, p_value)


def _changes(labels: Sequence[int | None], decided: Sequence[Decided]) -> dict[str, Estimate]:
    """What the second gains, where every picture has a label and both labels occur."""
    if None in labels or len(set(labels)) == 1:
        return {}
    return paired_changes(np.array(labels), *decided)


def _run_both(
    classifiers: tuple[LesionClassifier, LesionClassifier],
    pictures: Sequence[tuple[Path, int | None]],
) -> tuple[list[str], list[int | None], tuple[Logits, Logits]]:
    files, labels, rows = [], [], []
    for path, label in console.progress(pictures, len(pictures), "pictures"):
        try:
            pixels = preprocess(path, classifiers[0].card.preprocessing)
        except InputError as error:
            console.log.warning("%s: %s", console.display_name(path), error)
            continue
        rows.append([classifier.logit(pixels) for classifier in classifiers])
        files.append(console.display_name(path))
        labels.append(label)
    if not rows:
        raise DatasetError("expected pictures that can be used. Received: none")
    logits = np.array(rows, dtype=np.float64)
    return files, labels, (logits[:, 0], logits[:, 1])


def _print_result(
    result: dict[str, Any], changes: dict[str, Estimate], p_value: float | None
) -> None:
    rows = [
        ("pictures", str(result["pictures"])),
        ("mean |Δlogit|", f"{result['mean_logit_difference']:.5f}"),
        ("largest |Δlogit|", f"{result['max_logit_difference']:.5f}"),
        ("largest |Δscore|", f"{result['max_score_difference']:.5f}"),
    ]
    rows += [(f"{name}, second − first", format(value, ".4f")) for name, value in changes.items()]
    if p_value is not None:
        rows.append(("McNemar p", f"{p_value:.4g}"))
    rows.append(("decided differently", str(len(result["flips"]))))
    console.print_table(("figure", "value"), rows)
    for name in result["flips"]:
        console.write_line(f"  {name}")
    console.write_line(NOTICE)
