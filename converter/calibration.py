"""Pictures that set the integer ranges: of the training split only, the classes evenly drawn."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from converter.errors import CalibrationError
from converter.ranges import LEFT_OUT_FROM
from converter.run_folder import RunFolder
from edge_runtime.console import log, progress
from edge_runtime.contract.manifest import Picture, require_unchanged, write_pictures
from edge_runtime.contract.preprocess import Pixels, preprocess

ENOUGH = 100  # fewer leave rare activations unseen


@dataclass(frozen=True, kw_only=True)
class CalibrationSet:
    """Representative pictures.

    Attributes:
        pictures: Where they are from.
        pixels: uint8 (H, W, 3) of each.
    """

    pictures: tuple[Picture, ...]
    pixels: tuple[Pixels, ...]

    @property
    def sha256(self) -> str:
        """Digest of the pictures' contents in their order."""
        return hashlib.sha256("".join(p.sha256 for p in self.pictures).encode()).hexdigest()

    def warn_of_outliers(self, outliers: Mapping[int, int], range_method: str) -> None:
        """Say which pictures stretch the ranges of tensors far beyond all others.

        Args:
            outliers: Place of each such picture, and of how many tensors.
            range_method: One of ``ranges.METHODS``.
        """
        if range_method == "min-max":
            advice = "--ranges percentile leaves such a picture out of it"
        elif len(self.pictures) >= LEFT_OUT_FROM:
            advice = "the ranges leave it out"
        else:
            advice = (
                f"it counts in part beside only {len(self.pictures) - 1} others: of "
                f"{LEFT_OUT_FROM} pictures and more it is left out"
            )
        for place, tensors in sorted(outliers.items(), key=lambda item: -item[1]):
            log.warning(
                "warning: calibration picture %s alone stretches the range of %d of the tensors "
                "far beyond all others; %s.",
                self.pictures[place].file,
                tensors,
                advice,
            )

    def write_manifest(self, path: Path) -> None:
        """Write the list of pictures as CSV."""
        write_pictures(path, self.pictures)


def load_calibration(run: RunFolder, count: int) -> CalibrationSet:
    """Draw training pictures, half of each class as far as there are enough.

    Pictures of lesions that validation or test also show are left out.

    Args:
        run: The run folder.
        count: How many; the run's seed fixes which.

    Raises:
        CalibrationError: If the run has no training picture.
        DatasetError: If a picture is gone or has changed.
    """
    held_out = {picture.group for picture in run.pictures if picture.split != "train"}
    candidates = [p for p in run.split("train") if p.group not in held_out]
    if not candidates:
        raise CalibrationError(
            f"expected training pictures for calibration. Received: none in {str(run.path)!r}. "
            "Train again."
        )
    rng = np.random.default_rng(run.draft.training.seed)
    shuffled = [candidates[i] for i in rng.permutation(len(candidates))]
    drawn = _balanced(shuffled, count, run.draft.labels.positive)
    if len(drawn) < ENOUGH:
        log.warning(
            "warning: %d calibration pictures; fewer than %d make the integer ranges uncertain.",
            len(drawn),
            ENOUGH,
        )
    pixels = [
        preprocess(require_unchanged(run.data, picture), run.draft.preprocessing)
        for picture in progress(drawn, len(drawn), "calibration pictures")
    ]
    # Written field by field: the logits of the scores have no place in this list.
    pictures = [
        Picture(file=p.file, sha256=p.sha256, label=p.label, group=p.group, split=p.split)
        for p in drawn
    ]
    return CalibrationSet(pictures=tuple(pictures), pixels=tuple(pixels))


def _balanced(shuffled: list[Picture], count: int, positive: str) -> list[Picture]:
    positives = [picture for picture in shuffled if picture.label == positive]
    negatives = [picture for picture in shuffled if picture.label != positive]
    from_positives = min(len(positives), max(count // 2, count - len(negatives)))
    from_negatives = min(len(negatives), count - from_positives)
    return positives[:from_positives] + negatives[:from_negatives]
