"""Which pictures an epoch shows, how often, in which view, and what that does to the logit."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.epoch_plan import IMBALANCES, EpochPlan

Shown = list[tuple[int, int]]


@st.composite
def plans(draw: st.DrawFn, imbalance: str | None = None, views: int | None = None) -> EpochPlan:
    """Plans with one training picture of each class at least, others left to other splits."""
    benign, malignant, others = (draw(st.integers(*ends)) for ends in ((1, 30), (1, 8), (0, 20)))
    labels = np.array([0] * benign + [1] * malignant + [0, 1] * others)
    order = np.random.default_rng(draw(st.integers(0, 99))).permutation(len(labels))
    return EpochPlan(
        labels=labels[order],
        train=np.sort(np.argsort(order)[: benign + malignant]),
        imbalance=imbalance or draw(st.sampled_from(IMBALANCES)),
        views=draw(st.integers(0, 6)) if views is None else views,
        seed=draw(st.integers(0, 2**32 - 1)),
    )


EPOCHS = st.integers(0, 50)
BATCH_SIZES = st.integers(1, 40)


def shown_in(plan: EpochPlan, epoch: int, batch_size: int = 7) -> Shown:
    """Picture and view, in the order of an epoch."""
    return [
        (int(picture), int(view))
        for pictures, views in plan.batches(epoch, batch_size)
        for picture, view in zip(pictures, views, strict=True)
    ]


@given(plan=plans(), epoch=EPOCHS, size=BATCH_SIZES)
def test_batches_hold_training_pictures_and_known_views_alone(
    plan: EpochPlan, epoch: int, size: int
) -> None:
    sizes = [len(pictures) for pictures, _ in plan.batches(epoch, size)]
    assert sum(sizes) == plan.length
    assert set(sizes[:-1]) <= {size}
    assert 0 < sizes[-1] <= size
    shown = shown_in(plan, epoch)
    assert {picture for picture, _ in shown} <= set(plan.train.tolist())
    if plan.views:
        assert all(0 <= view <= plan.views for _, view in shown)
    else:
        assert all(view >= 1 for _, view in shown)


@given(plan=plans(imbalance="class-weights"), epoch=EPOCHS)
def test_class_weights_show_each_picture_once_an_epoch(plan: EpochPlan, epoch: int) -> None:
    assert sorted(picture for picture, _ in shown_in(plan, epoch)) == plan.train.tolist()


@given(plan=plans(imbalance="balanced-sampling"), epoch=EPOCHS)
def test_balanced_sampling_repeats_the_malignant_and_draws_of_the_benign(
    plan: EpochPlan, epoch: int
) -> None:
    malignant = {int(i) for i in plan.train if plan.labels[i] == 1}
    benign = {int(i) for i in plan.train if plan.labels[i] == 0}
    counts = Counter(picture for picture, _ in shown_in(plan, epoch))
    assert {picture: counts[picture] for picture in malignant} == dict.fromkeys(malignant, 3)
    drawn = counts.keys() - malignant
    assert {counts[picture] for picture in drawn} == {1}
    assert len(drawn) == min(len(benign), 6 * len(malignant))


@given(plan=plans(imbalance="class-weights", views=4), epoch=EPOCHS)
def test_epochs_take_a_picture_through_all_its_views(plan: EpochPlan, epoch: int) -> None:
    shown = [pair for later in range(5) for pair in shown_in(plan, epoch + later)]
    every = {(int(picture), view) for picture in plan.train for view in range(5)}
    assert len(shown) == len(every)
    assert set(shown) == every


@given(plan=plans(imbalance="balanced-sampling"), epoch=EPOCHS)
def test_a_picture_that_comes_again_comes_in_another_view(plan: EpochPlan, epoch: int) -> None:
    views: dict[int, list[int]] = {}
    for picture, view in shown_in(plan, epoch):
        views.setdefault(picture, []).append(view)
    possible = plan.views + 1 if plan.views else math.inf
    for seen in views.values():
        assert len(set(seen)) == min(len(seen), possible)


@given(benign=st.integers(1, 20), views=st.integers(1, 8))
def test_balanced_sampling_shows_the_benign_in_all_views_too(benign: int, views: int) -> None:
    labels = np.array([0] * benign + [1] * 10)
    plan = EpochPlan(
        labels=labels,
        train=np.arange(len(labels)),
        imbalance="balanced-sampling",
        views=views,
        seed=0,
    )
    shown = {pair for epoch in range(views + 1) for pair in shown_in(plan, epoch)}
    assert shown == {(i, view) for i in range(len(labels)) for view in range(views + 1)}


@given(plan=plans(views=0))
def test_without_stored_views_no_view_comes_twice(plan: EpochPlan) -> None:
    shown = [pair for epoch in range(6) for pair in shown_in(plan, epoch)]
    assert len(set(shown)) == len(shown)


@given(plan=plans(), epoch=EPOCHS)
def test_the_seed_fixes_the_order(plan: EpochPlan, epoch: int) -> None:
    again = EpochPlan(**vars(plan))
    assert shown_in(again, epoch) == shown_in(plan, epoch)
    assert shown_in(again, epoch, 3) == shown_in(plan, epoch, 40)


@pytest.mark.parametrize("imbalance", IMBALANCES)
def test_epochs_and_seeds_have_orders_of_their_own(imbalance: str) -> None:
    labels = np.array([0] * 80 + [1] * 20)
    train = np.arange(100)
    orders = {
        tuple(picture for picture, _ in shown_in(plan, epoch))
        for seed in range(3)
        for plan in [EpochPlan(labels=labels, train=train, imbalance=imbalance, views=5, seed=seed)]
        for epoch in range(4)
    }
    assert len(orders) == 12


@given(plan=plans(), epoch=EPOCHS)
def test_weights_make_both_classes_count_alike(plan: EpochPlan, epoch: int) -> None:
    weights = np.array(plan.class_weights)
    labels = plan.labels[[picture for picture, _ in shown_in(plan, epoch)]]
    totals = [weights[value] * np.sum(labels == value) for value in (0, 1)]
    assert totals[0] == pytest.approx(totals[1])
    assert weights[labels].mean() == pytest.approx(1)


@given(plan=plans())
def test_the_shift_turns_even_odds_into_those_of_the_training_pictures(plan: EpochPlan) -> None:
    score = 1 / (1 + math.exp(plan.logit_shift))
    assert score == pytest.approx(plan.labels[plan.train].mean())


@given(plan=plans(), count=st.integers(1, 60))
def test_a_sample_holds_both_classes_in_their_shares(plan: EpochPlan, count: int) -> None:
    sample = plan.sample(count)
    assert set(sample.tolist()) <= set(plan.train.tolist())
    assert (np.diff(sample) > 0).all()
    step = max(1, len(plan.train) // count)
    for value in (0, 1):
        there, chosen = (int(np.sum(plan.labels[part] == value)) for part in (plan.train, sample))
        assert chosen == math.ceil(there / step)
