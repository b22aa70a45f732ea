"""Splits a data set so that no lesion is on both sides, each class in the same shares."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from edge_runtime.contract.manifest import Picture
from edge_runtime.errors import DatasetError
from trainer.dataset import LabelledPicture

# 64/16/20: a fifth for the test, a fifth of the rest for validation.
_TEST_SHARE = 0.2
_VALID_SHARE_OF_REST = 0.2


def split_pictures(pictures: Sequence[LabelledPicture], *, seed: int) -> list[Picture]:
    """Give every picture a split; splits that the folders already make are kept.

    A missing test split is drawn from the training pictures first, then a missing validation
    split from what is left. Pictures of one patient, or of one lesion or content where that is
    all that is known, stay together.

    Args:
        pictures: Pictures of the data set; their ``split`` may be None.
        seed: Fixes the draw.

    Returns:
        The pictures in the order they came.

    Raises:
        DatasetError: If a class has too few lesions to be in every split.
    """
    given = {picture.split for picture in pictures} - {None}
    splits = {picture.file: picture.split or "train" for picture in pictures}
    for name, share in (("test", _TEST_SHARE), ("valid", _VALID_SHARE_OF_REST)):
        if name in given:
            continue
        training = [picture for picture in pictures if splits[picture.file] == "train"]
        for file in _draw(training, share, np.random.default_rng([seed, len(name)])):
            splits[file] = name
    result = [
        Picture(
            file=picture.file,
            sha256=picture.sha256,
            label=picture.label,
            group=group_of(picture),
            split=splits[picture.file],
        )
        for picture in pictures
    ]
    require_both_classes(result)
    return result


def group_of(picture: LabelledPicture) -> str:
    """What must stay on one side of a split: the patient, else the lesion, else the content."""
    return picture.patient or picture.lesion or f"sha256:{picture.sha256}"


def _draw(pictures: Sequence[LabelledPicture], share: float, rng: np.random.Generator) -> list[str]:
    """Files of whole groups, about the share of each class's pictures."""
    groups: dict[str, list[LabelledPicture]] = defaultdict(list)
    for picture in pictures:
        groups[group_of(picture)].append(picture)
    classes: dict[str, list[str]] = defaultdict(list)
    for name, members in sorted(groups.items()):
        # A lesion that was labelled twice counts with the class that sorts last: malignant.
        classes[max(member.label for member in members)].append(name)
    drawn: list[str] = []
    for _, names in sorted(classes.items()):
        wanted = share * sum(len(groups[name]) for name in names)
        taken = 0
        for position in rng.permutation(len(names)):
            members = groups[names[position]]
            if taken + len(members) / 2 > wanted:
                break
            drawn += [member.file for member in members]
            taken += len(members)
    return drawn


def require_both_classes(pictures: Sequence[Picture]) -> None:
    """Refuse a split that lacks a class.

    Raises:
        DatasetError: If a class has no picture in one of the splits.
    """
    labels = sorted({picture.label for picture in pictures})
    for split in ("train", "valid", "test"):
        counts = {
            label: sum(p.label == label and p.split == split for p in pictures) for label in labels
        }
        if min(counts.values()) == 0:
            raise DatasetError(
                f"expected pictures of every class in the {split} split. Received: {counts}. "
                "Add lesions: a class needs about 8 to be in every split."
            )
