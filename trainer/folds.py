"""Divides a data set for cross-validation: every picture is tested once, no group on two sides."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from edge_runtime.contract.manifest import SPLITS, Picture
from edge_runtime.errors import DatasetError
from trainer.dataset import LabelledPicture
from trainer.groups import groups_by_file
from trainer.splits import draw_groups, stratified_groups

# Of the pictures outside the fold. What is chosen on them needs fewer than what is learned: with a
# fifth, out-of-fold ROC-AUC is 0.003 lower on HAM10000 (docs/experiments.md).
_VALID_SHARE = 0.125


def fold_splits(
    pictures: Sequence[LabelledPicture],
    *,
    folds: int,
    seed: int,
    clusters: Mapping[str, str] | None = None,
) -> list[list[Picture]]:
    """The data set once per fold, with the pictures of that fold as its test split.

    Of the rest of each fold, about an eighth of every class is the validation split. Groups are
    those of :func:`trainer.splits.split_pictures`.

    Args:
        pictures: Pictures of the data set, none of them in a given test or validation split.
        folds: How many, at least 2.
        seed: Fixes the draw.
        clusters: Cluster of copies by file, as of an audit; None where nobody looked.

    Returns:
        For each fold all pictures, in the order they came.

    Raises:
        DatasetError: If there are fewer than 2 folds, given splits, or too few groups of a class.
    """
    _require_foldable(pictures, folds)
    groups = groups_by_file(pictures, clusters)
    plain = [
        Picture(
            file=picture.file,
            sha256=picture.sha256,
            label=picture.label,
            group=groups[picture.file],
            split="train",
        )
        for picture in pictures
    ]
    fold_of = draw_folds(plain, folds, np.random.default_rng([seed, folds]))
    result = []
    for fold in range(folds):
        rest = [picture for picture in plain if fold_of[picture.file] != fold]
        rng = np.random.default_rng([seed, folds, fold])
        valid = draw_groups(rest, _VALID_SHARE, rng)
        splits = {file: "test" for file, where in fold_of.items() if where == fold}
        splits |= dict.fromkeys(valid, "valid")
        result.append([replace(p, split=splits.get(p.file, "train")) for p in plain])
    _require_enough_groups(result)
    return result


def _require_foldable(pictures: Sequence[LabelledPicture], folds: int) -> None:
    if folds < 2:
        raise DatasetError(
            f"expected at least 2 folds. Received: folds={folds}. "
            "Ask for 2 or more, or leave folds out to train on one split."
        )
    counts = Counter(picture.split for picture in pictures if picture.split in ("valid", "test"))
    if counts:
        raise DatasetError(
            "expected a data set without given test and validation splits: folds test every "
            f"picture once. Received: {dict(counts)}. Put the pictures into one pair of class "
            "folders, or train without folds."
        )


def draw_folds(pictures: Sequence[Picture], folds: int, rng: np.random.Generator) -> dict[str, int]:
    """Fold of each picture by file, from 0.

    Whole groups, the largest first, each go to the fold that has fewest of their class.
    """
    counts = [Counter[str]() for _ in range(folds)]
    fold_of: dict[str, int] = {}
    # Malignant first: groups under both labels are among these, and benign ones make up for them.
    for label, groups in sorted(stratified_groups(pictures).items(), reverse=True):
        shuffled = [groups[position] for position in rng.permutation(len(groups))]
        for members in sorted(shuffled, key=len, reverse=True):
            fold = min(range(folds), key=lambda k: (counts[k][label], counts[k].total(), k))
            counts[fold].update(member.label for member in members)
            fold_of |= {member.file: fold for member in members}
    return fold_of


def _require_enough_groups(divided: Sequence[Sequence[Picture]]) -> None:
    labels = {picture.label for picture in divided[0]}
    wanted = {(split, label) for split in SPLITS for label in labels}
    if all(wanted <= {(picture.split, picture.label) for picture in one} for one in divided):
        return
    groups = Counter(label for _, label in {(p.group, p.label) for p in divided[0]})
    raise DatasetError(
        f"expected enough patients, lesions or single pictures of every class for {len(divided)} "
        f"folds with a validation split each. Received: {dict(sorted(groups.items()))}. "
        "Use fewer folds, or add lesions."
    )
