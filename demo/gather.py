"""Reads what the commands left behind into one object that the page is made from."""

import base64
import io
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from benchmarks.cli import PLOT_FILE, RESULTS_FILE
from benchmarks.results import Results
from demo.plan import SHOWN_PER_LABEL, Plan
from demo.steps import FinishedStep
from edge_runtime.console import display_name
from edge_runtime.contract.card import ModelCard
from edge_runtime.contract.embed import open_sealed
from edge_runtime.contract.labels import Labels
from edge_runtime.contract.manifest import SCORES_FILE, SPLITS, ScoredPicture, read_scores
from edge_runtime.contract.schema import from_json
from edge_runtime.errors import DatasetError

THUMBNAIL_SIDE = 224
PLOTS = ("roc.png", "confusion_matrix.png", "curves.png", PLOT_FILE)


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A picture that the device has assessed.

    Attributes:
        name: Of its file.
        label: What the data set says of it.
        thumbnail: Data URI of a small JPEG.
        score: In [0, 1]; None for ``RETAKE``.
        decision: What the command returned.
        reasons: Why, in words.
    """

    name: str
    label: str
    thumbnail: str
    score: float | None
    decision: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Report:
    """All that the page tells.

    Attributes:
        data_name: Name of the pictures' folder; None for drawn ones.
        steps: What was done.
        counts: Pictures by split.
        shown: The assessed pictures.
        card: Of the file that assessed them.
        model_path: That file.
        models_path: Folder of the files.
        results: Of the benchmark.
        plots: Data URIs by name out of :data:`PLOTS`.
    """

    data_name: str | None
    steps: tuple[FinishedStep, ...]
    counts: dict[str, int]
    shown: tuple[Shown, ...]
    card: ModelCard
    model_path: str
    models_path: str
    results: Results
    plots: dict[str, str]


def shown_pictures(plan: Plan) -> list[ScoredPicture]:
    """Test pictures of both labels, chosen by seed alone: not by how the model does on them."""
    test = [p for p in read_scores(plan.run / SCORES_FILE) if p.split == "test"]
    labels = Labels()
    chosen: list[ScoredPicture] = []
    for label in (labels.negative, labels.positive):
        candidates = sorted((p for p in test if p.label == label), key=lambda p: p.file)
        count = min(SHOWN_PER_LABEL, len(candidates))
        places = np.random.default_rng(plan.seed).choice(len(candidates), count, replace=False)
        chosen += [candidates[place] for place in places]
    return chosen


def gather_report(
    plan: Plan, pictures: Sequence[ScoredPicture], steps: Sequence[FinishedStep]
) -> Report:
    """Read the output folder.

    Args:
        plan: Where everything lies.
        pictures: Those that were assessed, in their order.
        steps: What was done.

    Raises:
        ContractError: If the model file or the benchmark's results cannot be read.
        DatasetError: If the assessments are not those of the pictures.
    """
    splits = Counter(picture.split for picture in read_scores(plan.run / SCORES_FILE))
    results = json.loads((plan.benchmark / RESULTS_FILE).read_bytes())
    folders = (plan.run / "plots", plan.benchmark)
    return Report(
        data_name=display_name(Path(plan.data.resolve().name)) if plan.given else None,
        steps=tuple(steps),
        counts={split: splits[split] for split in SPLITS},
        shown=_read_assessments(plan, pictures),
        card=open_sealed(plan.device_model).card,
        model_path=display_name(plan.device_model),
        models_path=display_name(plan.models),
        results=from_json(Results, results, "results"),
        plots={
            name: data_uri((folder / name).read_bytes(), "image/png")
            for folder in folders
            for name in PLOTS
            if (folder / name).is_file()
        },
    )


def _read_assessments(plan: Plan, pictures: Sequence[ScoredPicture]) -> tuple[Shown, ...]:
    rows = [json.loads(line) for line in plan.rows.read_text(encoding="utf-8").splitlines()]
    paths = [plan.data / picture.file for picture in pictures]
    if [row["source"] for row in rows] != [display_name(path) for path in paths]:
        raise DatasetError(
            f"expected an assessment of each of {len(paths)} pictures in {plan.rows.name!r}. "
            f"Received: {len(rows)} rows of other pictures. Run the demo again."
        )
    return tuple(
        Shown(
            name=display_name(Path(picture.file)),
            label=picture.label,
            thumbnail=thumbnail(path),
            score=row["score"],
            decision=row["decision"],
            reasons=tuple(row["reasons"]),
        )
        for row, picture, path in zip(rows, pictures, paths, strict=True)
    )


def thumbnail(path: Path) -> str:
    """Data URI of the picture as a small JPEG, upright, without any of its metadata."""
    buffer = io.BytesIO()
    with Image.open(path) as picture:
        small = ImageOps.exif_transpose(picture).convert("RGB")
        small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
        small.info.clear()
        small.save(buffer, "JPEG", quality=85)
    return data_uri(buffer.getvalue(), "image/jpeg")


def data_uri(content: bytes, kind: str) -> str:
    """The content as a URI that needs no other file."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
