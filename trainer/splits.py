"""Splits a data set so that no group is on both sides, each class in the same shares."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from edge_runtime.contract.manifest import Picture
from edge_runtime.errors import DatasetError
from trainer.dataset import LabelledPicture
from trainer.groups import group_of, groups_by_file

__all__ = ["draw_groups", "group_of", "require_both_classes", "split_pictures", "stratified_groups"]

# 64/16/20: a fifth for the test, a fifth of the rest for validation.
_TEST_SHARE = 0.2
_VALID_SHARE_OF_REST = 0.2


def split_pictures(
    pictures: Sequence[LabelledPicture], *, seed: int, clusters: Mapping[str, str] | None = None
) -> list[Picture]:
    """Give every picture a split; splits that the folders already make are kept.

    A missing test split is drawn from the training pictures first, then a missing validation
    split from what is left. Pictures of one patient, or of one lesion, cluster of copies or
    content where that is all that is known, stay together, and so do all that these chain.

    Args:
        pictures: Pictures of the data set; their ``split`` may be None.
        seed: Fixes the draw.
        clusters: Cluster of copies by file, as of an audit; None where nobody looked.

    Returns:
        The pictures in the order they came.

    Raises:
        DatasetError: If a class has too few lesions to be in every split.
    """
    given = {picture.split for picture in pictures} - {None}
    groups = groups_by_file(pictures, clusters)
    result = [
        Picture(
            file=picture.file,
            sha256=picture.sha256,
            label=picture.label,
            group=groups[picture.file],
            split=picture.split or "train",
        )
        for picture in pictures
    ]
    for name, share in (("test", _TEST_SHARE), ("valid", _VALID_SHARE_OF_REST)):
        if name in given:
            continue
        training = [picture for picture in result if picture.split == "train"]
        drawn = draw_groups(training, share, np.random.default_rng([seed, len(name)]))
        result = [replace(p, split=name) if p.file in drawn else p for p in result]
    require_both_classes(result)
    return result


def draw_groups(pictures: Sequence[Picture], share: float, rng: np.random.Generator) -> set[str]:
    """Files of whole groups, about the share of each class's pictures.

    Args:
        pictures: To draw from, in any order.
        share: In (0, 1).
        rng: Decides the draw.
    """
    drawn: set[str] = set()
    for _, groups in sorted(stratified_groups(pictures).items()):
        wanted = share * sum(map(len, groups))
        taken = 0
        for position in rng.permutation(len(groups)):
            members = groups[position]
            # A group too large for what is left makes room for smaller ones.
            if taken + len(members) / 2 <= wanted:
                drawn |= {member.file for member in members}
                taken += len(members)
    return drawn


def stratified_groups(pictures: Sequence[Picture]) -> dict[str, list[list[Picture]]]:
    """Groups by class, sorted by name; the order of the pictures does not matter."""
    groups: dict[str, list[Picture]] = defaultdict(list)
    for picture in sorted(pictures, key=lambda picture: picture.file):
        groups[picture.group].append(picture)
    classes: dict[str, list[list[Picture]]] = defaultdict(list)
    for _, members in sorted(groups.items()):
        # A lesion that was labelled twice counts with the class that sorts last: malignant.
        classes[max(member.label for member in members)].append(members)
    return classes


def require_both_classes(pictures: Sequence[Picture]) -> None:
    """Refuse a division in which train, valid or test lacks a class.

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
