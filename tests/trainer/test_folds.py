"""Promises of the folds: tested once, groups together, classes in the same shares."""

from collections import Counter, defaultdict

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from edge_runtime.errors import DatasetError
from trainer.audit.clusters import Clusters
from trainer.dataset import LabelledPicture
from trainer.folds import fold_splits

LABELS = ("benign", "malignant")


def pictures(sizes: dict[str, list[int]], split: str | None = None) -> list[LabelledPicture]:
    """Pictures of lesions with so many pictures each."""
    numbers = [
        (label, lesion, view)
        for label, views in sizes.items()
        for lesion, count in enumerate(views)
        for view in range(count)
    ]
    return [
        LabelledPicture(
            file=f"{label}/{lesion:03d}_{view}.jpg",
            sha256=f"{n:064x}",
            label=label,
            lesion=f"{label}{lesion}",
            split=split,
        )
        for n, (label, lesion, view) in enumerate(numbers)
    ]


sets = st.fixed_dictionaries(
    {label: st.lists(st.integers(1, 4), min_size=16, max_size=40) for label in LABELS}
)


@given(sizes=sets, folds=st.integers(2, 5), seed=st.integers(0, 99))
def test_every_picture_is_tested_once_and_the_classes_are_balanced(
    sizes: dict[str, list[int]], folds: int, seed: int
) -> None:
    items = pictures(sizes)
    divided = fold_splits(items, folds=folds, seed=seed)
    assert len(divided) == folds
    assert all([p.file for p in one] == [p.file for p in items] for one in divided)
    tested = Counter(p.file for one in divided for p in one if p.split == "test")
    assert tested == Counter(p.file for p in items)
    for label in LABELS:
        counts = [sum(p.split == "test" and p.label == label for p in one) for one in divided]
        assert max(counts) - min(counts) <= max(sizes[label])


@given(sizes=sets, folds=st.integers(2, 5))
def test_an_eighth_of_the_rest_of_each_class_is_for_validation(
    sizes: dict[str, list[int]], folds: int
) -> None:
    for one in fold_splits(pictures(sizes), folds=folds, seed=1):
        for label in LABELS:
            rest = [p for p in one if p.label == label and p.split != "test"]
            valid = sum(p.split == "valid" for p in rest)
            assert abs(valid - 0.125 * len(rest)) <= max(sizes[label])


@given(
    sizes=sets,
    seed=st.integers(0, 99),
    links=st.lists(st.tuples(*[st.integers(0, 31)] * 2), max_size=12),
)
def test_no_lesion_and_no_cluster_of_copies_is_on_two_sides(
    sizes: dict[str, list[int]], seed: int, links: list[tuple[int, int]]
) -> None:
    items = pictures(sizes)
    joined = Clusters()
    for link in links:
        joined.join(items[n % len(items)].file for n in link)
    clusters = joined.names()
    try:
        divided = fold_splits(items, folds=3, seed=seed, clusters=clusters)
    except DatasetError:
        reject()  # links may join a class into too few groups for three folds
    for one in divided:
        sides = defaultdict(set)
        for item, given_split in zip(items, one, strict=True):
            sides[item.lesion].add(given_split.split)
            if item.file in clusters:
                sides[clusters[item.file]].add(given_split.split)
        assert all(len(splits) == 1 for splits in sides.values())


def test_the_seed_alone_decides() -> None:
    items = pictures({label: [1, 2, 3] * 8 for label in LABELS})
    first = fold_splits(items, folds=4, seed=7)
    assert first == fold_splits(items, folds=4, seed=7)
    assert first != fold_splits(items, folds=4, seed=8)
    for one, other in zip(first, fold_splits(items[::-1], folds=4, seed=7), strict=True):
        assert {p.file: p.split for p in one} == {p.file: p.split for p in other}


def test_pictures_of_a_training_folder_are_divided_as_well() -> None:
    items = pictures({label: [1] * 20 for label in LABELS}, split="train")
    assert len(fold_splits(items, folds=5, seed=0)) == 5


@pytest.mark.parametrize("split", ["valid", "test"])
def test_given_test_and_validation_splits_are_refused(split: str) -> None:
    items = pictures({label: [1] * 20 for label in LABELS}, split=split)
    with pytest.raises(DatasetError, match=f"without given .* Received: {{'{split}': 40}}"):
        fold_splits(items, folds=2, seed=0)


@pytest.mark.parametrize("folds", [1, 0, -3])
def test_fewer_than_two_folds_are_refused(folds: int) -> None:
    with pytest.raises(DatasetError, match="at least 2 folds"):
        fold_splits(pictures({label: [1] * 20 for label in LABELS}), folds=folds, seed=0)


@pytest.mark.parametrize("lesions", [[1] * 4, [30, 1]])
def test_too_few_groups_of_a_class_are_refused(lesions: list[int]) -> None:
    items = pictures({"benign": [1] * 40, "malignant": lesions})
    with pytest.raises(DatasetError, match=f"'malignant': {len(lesions)}"):
        fold_splits(items, folds=5, seed=0)
