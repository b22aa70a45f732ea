"""Promises of the split: groups stay together, classes keep their shares, the seed fixes it."""

from collections import Counter, defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.errors import DatasetError
from trainer.dataset import LabelledPicture
from trainer.splits import split_pictures


def picture(number: int, label: str, lesion: str | None, split: str | None) -> LabelledPicture:
    return LabelledPicture(
        file=f"{label}/{number}.jpg",
        sha256=f"{number:064x}",
        label=label,
        lesion=lesion,
        split=split,
    )


def pictures(
    benign: int, malignant: int, views: int = 1, split: str | None = None
) -> list[LabelledPicture]:
    labels = ["benign"] * benign + ["malignant"] * malignant
    return [
        picture(lesion * views + view, label, f"L{lesion}", split)
        for lesion, label in enumerate(labels)
        for view in range(views)
    ]


@given(benign=st.integers(30, 200), malignant=st.integers(30, 80), views=st.integers(1, 3))
def test_shares_are_64_16_20_in_each_class(benign: int, malignant: int, views: int) -> None:
    result = split_pictures(pictures(benign, malignant, views), seed=1)
    for label, lesions in (("benign", benign), ("malignant", malignant)):
        counts = Counter(p.split for p in result if p.label == label)
        for split, share in (("train", 0.64), ("valid", 0.16), ("test", 0.20)):
            assert abs(counts[split] - share * lesions * views) <= 2 * views


@given(seed=st.integers(0, 1000))
def test_no_lesion_is_on_two_sides(seed: int) -> None:
    sides = defaultdict(set)
    for item in split_pictures(pictures(30, 30, views=3), seed=seed):
        sides[item.group].add(item.split)
    assert all(len(splits) == 1 for splits in sides.values())


def test_equal_content_counts_as_one_lesion_where_none_is_known() -> None:
    same = [
        LabelledPicture(
            file=f"benign/{copy}{n}.jpg",
            sha256=f"{n:064x}",
            label="benign",
            lesion=None,
            split=None,
        )
        for n in range(20)
        for copy in "ab"
    ]
    result = split_pictures([*same, *pictures(0, 20)], seed=0)
    sides = defaultdict(set)
    for item in result:
        sides[item.sha256 + item.label].add(item.split)
    assert all(len(splits) == 1 for splits in sides.values())


def test_the_seed_alone_decides() -> None:
    items = pictures(50, 50)
    first = split_pictures(items, seed=7)
    assert first == split_pictures(items, seed=7)
    assert first != split_pictures(items, seed=8)
    backwards = split_pictures(items[::-1], seed=7)
    assert {p.file: p.split for p in backwards} == {p.file: p.split for p in first}


def test_given_splits_are_kept_and_missing_ones_are_drawn_from_training() -> None:
    train = pictures(40, 40, split="train")
    test = [
        picture(1000 + n, label, f"T{n}{label}", "test")
        for label in ("benign", "malignant")
        for n in range(5)
    ]
    counts = Counter(p.split for p in split_pictures([*train, *test], seed=0))
    assert counts == {"train": 64, "valid": 16, "test": 10}


def test_too_few_lesions_are_refused() -> None:
    with pytest.raises(DatasetError, match="every class"):
        split_pictures(pictures(50, 2), seed=0)
