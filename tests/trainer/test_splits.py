"""Promises of the split: groups stay together, classes keep their shares, the seed fixes it."""

import dataclasses
from collections import Counter, defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.errors import DatasetError
from trainer.audit.clusters import Clusters
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


def test_copies_join_what_they_touch_and_the_group_is_named_after_all_of_it() -> None:
    items = pictures(40, 40)
    files = [item.file for item in items]
    clusters = dict.fromkeys((files[0], files[1], files[41]), files[0])
    result = {p.file: p for p in split_pictures(items, seed=0, clusters=clusters)}
    joined = [result[file] for file in (files[0], files[1], files[41])]
    assert {p.group for p in joined} == {"L0 + L1 + L41"}
    assert len({p.split for p in joined}) == 1
    assert result[files[2]].group == "L2"


@given(seed=st.integers(0, 1000), links=st.lists(st.tuples(*[st.integers(0, 119)] * 2)))
def test_no_patient_lesion_or_cluster_is_on_two_sides_at_any_length_of_the_chain(
    seed: int, links: list[tuple[int, int]]
) -> None:
    items = [
        dataclasses.replace(item, patient=f"P{n // 3}" if n % 2 else None)
        for n, item in enumerate(pictures(60, 60))
    ]
    joined = Clusters()
    for link in links:
        joined.join(items[n].file for n in link)
    clusters = joined.names()
    try:
        result = split_pictures(items, seed=seed, clusters=clusters)
    except DatasetError:
        return  # a chain so long that a class fits on no second side
    sides = defaultdict(set)
    for item, given_split in zip(items, result, strict=True):
        for name in (item.patient, item.lesion, clusters.get(item.file), given_split.group):
            sides[name].add(given_split.split)
    assert all(len(splits) == 1 for name, splits in sides.items() if name is not None)


def test_a_large_group_leaves_the_shares_as_they_are() -> None:
    large = [picture(1000 + n, "benign", "large", None) for n in range(60)]
    for seed in range(30):
        counts = Counter(p.split for p in split_pictures([*large, *pictures(140, 50)], seed=seed))
        assert abs(counts["test"] - 50) <= 30
        assert counts["valid"] >= 10


def test_too_few_lesions_are_refused() -> None:
    with pytest.raises(DatasetError, match="every class"):
        split_pictures(pictures(50, 2), seed=0)
