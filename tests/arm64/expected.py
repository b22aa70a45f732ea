"""What this machine computes, written down for the emulated one to repeat."""

import dataclasses
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from edge_runtime.classifier import LesionClassifier
from edge_runtime.contract.embed import open_sealed
from edge_runtime.contract.preprocess import Preprocessing, pixels_sha256, preprocess
from edge_runtime.default_model import PUBLISHED_PATTERN
from edge_runtime.interpreter import load_runner
from edge_runtime.self_test import logit_of
from edge_runtime.synthetic import draw_lesion

# Of the tiny models, which carry no card; as in tests/conftest.py.
_TINY_TOLERANCE = {"tiny_float32": 1e-3, "tiny_int8": 0.05}
_TINY_INPUT = Preprocessing(size_hw=(32, 32))
_PICTURES = {
    "benign.jpg": ("benign", 0, (224, 224)),
    "malignant.jpg": ("malignant", 2, (450, 600)),
    "malignant.png": ("malignant", 1, (301, 223)),
}
_SIZES_HW = ((32, 32), (224, 224), (299, 299))


def write_expected(
    folder: Path, tiny: Iterable[Path], sealed: Iterable[Path], *, pictures: int
) -> None:
    """Draw pictures; write them, their pixels' digests and the logits of models to the folder.

    Args:
        folder: Is made if it is not there.
        tiny: Model files without a card.
        sealed: Model files with a card.
        pictures: How many pictures a sealed model gets: it is slow where it is emulated.
    """
    drawn = _draw_pictures(folder)
    expected = {
        "pixels": [
            {"picture": str(path), "size_hw": size, "sha256": _digest(path, size)}
            for path in drawn
            for size in _SIZES_HW
        ],
        "models": [
            *(_tiny_model(path, drawn) for path in tiny),
            *(_sealed_model(path, drawn[:pictures]) for path in sealed),
        ],
    }
    (folder / "expected.json").write_text(json.dumps(expected, indent=2))


def _draw_pictures(folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    for name, (label, seed, size_hw) in _PICTURES.items():
        picture = Image.fromarray(draw_lesion(label, seed, size_hw))
        picture.save(folder / name, quality=92)
    return [folder / name for name in _PICTURES]


def _digest(path: Path, size_hw: tuple[int, int]) -> str:
    return pixels_sha256(preprocess(path, Preprocessing(size_hw=size_hw)))


def _tiny_model(path: Path, pictures: Sequence[Path]) -> dict[str, Any]:
    tolerance = dict.fromkeys(("xnnpack", "builtin"), _TINY_TOLERANCE[path.stem])
    return {**_logits(path, pictures, _TINY_INPUT), "tolerance": tolerance, "decisions": []}


def _sealed_model(path: Path, pictures: Sequence[Path]) -> dict[str, Any]:
    card = open_sealed(path).card
    return {
        **_logits(path, pictures, card.preprocessing),
        "tolerance": card.golden.tolerance,
        "decisions": _decisions(path, pictures) if path.match(PUBLISHED_PATTERN) else [],
    }


def _decisions(path: Path, pictures: Sequence[Path]) -> list[str]:
    with LesionClassifier.open(path) as classifier:
        return [str(classifier.assess(picture).decision) for picture in pictures]


def _logits(path: Path, pictures: Sequence[Path], spec: Preprocessing) -> dict[str, Any]:
    pixels = [preprocess(picture, spec) for picture in pictures]
    runners = [load_runner(path, optimized=optimized) for optimized in (True, False)]
    return {
        "model": str(path),
        "preprocessing": dataclasses.asdict(spec),
        "pictures": [str(picture) for picture in pictures],
        "logits": {r.info.kernel_family: [logit_of(r, one) for one in pixels] for r in runners},
    }
