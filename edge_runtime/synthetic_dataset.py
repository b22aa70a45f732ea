"""Writes data sets of drawn lesions in the folder layout of the well-known melanoma sets."""

import csv
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from PIL import Image

from edge_runtime.errors import OutputExistsError
from edge_runtime.synthetic import DATASET_STREAM, LABELS, draw_lesion, random_stream

JPEG_QUALITY = 92
SECOND_VIEW_SHARE = 0.1
_METADATA_COLUMNS = ("file", "label", "lesion_id")


def write_dataset(
    folder: Path,
    *,
    benign: int,
    malignant: int,
    seed: int,
    size_hw: tuple[int, int] = (224, 224),
    on_progress: Callable[[int], None] | None = None,
) -> list[Path]:
    """Write `benign/*.jpg`, `malignant/*.jpg` and `metadata.csv`; return the pictures' paths.

    The folder appears when it is complete. About one lesion in ten has two pictures.

    Args:
        folder: Must not exist, or be empty.
        benign: Number of pictures with this label, 0 or more.
        malignant: Number of pictures with this label, 0 or more.
        seed: Which lesions; a larger set holds, for each label, those of a smaller one.
        size_hw: Height and width of each picture in pixels.
        on_progress: Called after each picture with the number written so far.

    Raises:
        OutputExistsError: `folder` is a file or is not empty.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputExistsError(
            f"expected a new or empty folder. Received: folder={folder}. "
            "Name another, or remove it."
        )
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        planned = _plan({"benign": benign, "malignant": malignant}, seed)
        rows = _write_pictures(partial, planned, size_hw, on_progress)
        with (partial / "metadata.csv").open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream, lineterminator="\n").writerows([_METADATA_COLUMNS, *rows])
        partial.replace(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return [folder / name for name, _, _ in rows]


def _write_pictures(
    folder: Path,
    planned: Iterable[tuple[str, int, int]],
    size_hw: tuple[int, int],
    on_progress: Callable[[int], None] | None,
) -> list[tuple[str, str, str]]:
    """Draw and write the pictures; their rows of the metadata."""
    rows: list[tuple[str, str, str]] = []
    for label in LABELS:
        (folder / label).mkdir(parents=True)
    for label, lesion, view in planned:
        name = f"{label}/synthetic_{len(rows) + 1:05d}.jpg"
        picture = Image.fromarray(draw_lesion(label, lesion, size_hw, view=view))
        picture.save(folder / name, quality=JPEG_QUALITY)
        rows.append((name, label, f"lesion_{lesion:012x}"))
        if on_progress is not None:
            on_progress(len(rows))
    return rows


def _plan(counts: dict[str, int], seed: int) -> Iterator[tuple[str, int, int]]:
    """Yield label, lesion and view of each picture."""
    for label, count in counts.items():
        rng = random_stream(seed, DATASET_STREAM, LABELS.index(label))
        planned = 0
        while planned < count:
            lesion = int(rng.integers(2**48))
            views = 2 if rng.random() < SECOND_VIEW_SHARE else 1
            for view in range(min(views, count - planned)):
                yield label, lesion, view
            planned += views
