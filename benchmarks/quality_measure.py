"""How often the checks before scoring send back pictures: as they are, changed, of other things."""

import csv
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.plain_skin import plain_corners, plain_skin
from benchmarks.quality_degrade import Change, changes, to_linear
from edge_runtime.contract.operating_point import Proportion
from edge_runtime.contract.preprocess import PICTURE_SUFFIXES, Pixels, Preprocessing, preprocess
from edge_runtime.contract.quality_limits import DEFAULT_LIMITS
from edge_runtime.quality import examine

# By estimated skin tone (individual typology angle in degrees): Chardon et al., Int J Cosmet Sci
# 1991; Del Bino and Bernerd, Br J Dermatol 2013.
_TONES = ((55.0, "very light"), (41.0, "light"), (28.0, "intermediate"), (10.0, "tan"))
_DARKER_TONES = ((-30.0, "brown"), (-90.1, "dark"))
_CROP_SHARES = (1.0, 0.7, 0.45)
_MIN_CROP = 200


@dataclass(frozen=True, kw_only=True)
class Case:
    """A real picture, and what is known of it.

    Attributes:
        path: The file.
        half: 0: limits were chosen on it; 1: figures are stated on it.
        known: Columns of its row in ``metadata.csv``; empty without one.
    """

    path: Path
    half: int
    known: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the checks said of one picture.

    Attributes:
        group: What the picture belongs to, such as ``("as it is", "all")``.
        unfit: Whether it should be sent back; None where neither is asked for.
        reasons: Names of the checks that sent it back.
        path: The file.
    """

    group: tuple[str, str]
    unfit: bool | None
    reasons: tuple[str, ...]
    path: Path


def find_cases(folder: Path, half: int | None) -> list[Case]:
    """Real pictures below the folder, of one half by lesion, or of both.

    The half follows from the lesion's name in ``metadata.csv``, else from the file's name.
    """
    known = {
        (table.parent / row["file"]).resolve(): row
        for table in sorted(folder.rglob("metadata.csv"))
        for row in csv.DictReader(table.open(newline="", encoding="utf-8"))
    }
    cases = []
    for path in _pictures(folder):
        row = known.get(path.resolve(), {})
        digest = hashlib.sha256((row.get("lesion_id") or path.stem).encode()).digest()
        if half in (None, digest[0] & 1):
            cases.append(Case(path=path, half=digest[0] & 1, known=row))
    return cases


def measure(
    cases: Sequence[Case], others: Path | None, size_hw: tuple[int, int], every: int
) -> Iterator[list[Outcome]]:
    """Outcomes, one list a picture, in two processes.

    Args:
        cases: Real pictures.
        others: Folder of pictures of other things, one folder a kind.
        size_hw: Size of the model's input.
        every: Each so manyth real picture is changed as well.
    """
    changed = [(case, size_hw, index % every == 0) for index, case in enumerate(cases)]
    other = [(path, size_hw) for path in _pictures(others)] if others else []
    with ProcessPoolExecutor(max_workers=2) as pool:
        yield from chain(
            pool.map(_measure_case, changed, chunksize=8),
            pool.map(_measure_other, other, chunksize=8),
        )


def shares(outcomes: Iterable[Outcome]) -> dict[tuple[str, str], Proportion]:
    """The share sent back, by group, in the order in which groups first occur."""
    sent: Counter[tuple[str, str]] = Counter()
    seen: Counter[tuple[str, str]] = Counter()
    for outcome in outcomes:
        seen[outcome.group] += 1
        sent[outcome.group] += bool(outcome.reasons)
    return {group: Proportion(successes=sent[group], trials=seen[group]) for group in seen}


def skin_tone(pixels: Pixels) -> str:
    """The tone of the skin around a lesion, estimated from the picture's margin.

    Cameras and lights differ, so it orders pictures and does not measure people.
    """
    margin = np.concatenate([pixels[:16].reshape(-1, 3), pixels[-16:].reshape(-1, 3)])
    red, green, blue = np.median(to_linear(margin), axis=0).tolist()
    # CIE Lab from linear sRGB with white point D65, IEC 61966-2-1.
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089
    lightness, yellow = 116 * np.cbrt(y) - 16, 200 * (np.cbrt(y) - np.cbrt(z))
    angle = np.degrees(np.arctan2(lightness - 50, max(yellow, 1e-6)))
    return next(name for least, name in (*_TONES, *_DARKER_TONES) if angle > least)


def _pictures(folder: Path) -> list[Path]:
    paths = folder.rglob("*")
    return sorted(path for path in paths if path.suffix.lower() in PICTURE_SUFFIXES)


@cache
def _changes() -> list[Change]:
    return changes()


def _measure_case(task: tuple[Case, tuple[int, int], bool]) -> list[Outcome]:
    case, size_hw, with_changes = task
    pixels = preprocess(case.path, Preprocessing(size_hw=size_hw))
    groups = [("as it is", "all"), ("skin tone", skin_tone(pixels))]
    groups += [
        (column, case.known[column] or "unknown")
        for column in ("localization", "dx", "age")
        if column in case.known
    ]
    outcomes = [_outcome(group, pixels, case.path, unfit=False) for group in groups]
    seed = list(hashlib.sha256(case.path.stem.encode()).digest()[:8])
    for corner in plain_corners().get(case.path.stem, ()):
        skin = plain_skin(pixels, corner, np.random.default_rng(seed))
        outcomes.append(_outcome(("plain skin", "a corner"), skin, case.path, unfit=True))
    if with_changes:
        for change in _changes():
            changed = change.apply(pixels, np.random.default_rng(seed))
            group = (change.kind, change.strength)
            outcomes.append(_outcome(group, changed, case.path, unfit=change.unfit))
    return outcomes


def _measure_other(task: tuple[Path, tuple[int, int]]) -> list[Outcome]:
    """The whole picture, and square parts of it where it has enough pixels."""
    path, size_hw = task
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    rng = np.random.default_rng(list(hashlib.sha256(path.stem.encode()).digest()[:8]))
    boxes = [(0, 0, *image.size)]
    for share in _CROP_SHARES:
        side = round(share * min(image.size))
        if side >= _MIN_CROP:
            x, y = (int(rng.integers(0, extent - side + 1)) for extent in image.size)
            boxes.append((x, y, x + side, y + side))
    group = ("other things", path.parent.name)
    return [
        _outcome(
            group,
            np.asarray(image.resize(size_hw[::-1], Image.Resampling.BILINEAR, box=box)),
            path,
            unfit=True,
        )
        for box in boxes
    ]


def _outcome(group: tuple[str, str], pixels: Pixels, path: Path, *, unfit: bool | None) -> Outcome:
    quality = examine(pixels, DEFAULT_LIMITS)
    return Outcome(
        group=group,
        unfit=unfit,
        reasons=tuple(quality.retake),
        path=path,
    )
