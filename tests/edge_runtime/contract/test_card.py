"""The model card: written and read back equal, and impossible cards do not exist."""

import dataclasses
import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.contract.card import (
    CardDraft,
    ModelCard,
    dump_card,
    load_card,
    load_draft,
)
from edge_runtime.contract.card_versions import SCHEMA_VERSION
from edge_runtime.contract.golden import GoldenCase, GoldenSet
from edge_runtime.contract.labels import Labels
from edge_runtime.contract.operating_point import RULES, OperatingPoint, Proportion
from edge_runtime.contract.preprocess import Preprocessing
from edge_runtime.contract.quality_limits import ANY_TICKS
from edge_runtime.errors import CardSchemaError, CardVersionError

CardOf = Callable[[str], ModelCard]

finite = st.floats(allow_nan=False, allow_infinity=False)
text = st.text(max_size=12)
proportions = st.integers(1, 10**9).flatmap(
    lambda n: st.builds(Proportion, successes=st.integers(0, n), trials=st.just(n))
)
operating_points = st.builds(
    OperatingPoint,
    rule=st.sampled_from(RULES),
    target=st.floats(0, 1, exclude_min=True),
    threshold=st.floats(0, 1),
    sensitivity=proportions,
    specificity=proportions,
    chosen_on=text,
)
golden_sets = st.sets(st.sampled_from(("xnnpack", "builtin", "edgetpu")), min_size=1).flatmap(
    lambda families: st.builds(
        GoldenSet,
        cases=st.lists(
            st.builds(
                GoldenCase,
                file=text,
                file_sha256=text,
                pixels_sha256=text,
                logits=st.fixed_dictionaries(dict.fromkeys(sorted(families), finite)),
            ),
            min_size=1,
            max_size=3,
        ).map(tuple),
        tolerance=st.fixed_dictionaries(
            dict.fromkeys(sorted(families), st.floats(1e-9, 1e9)),
        ),
    )
)
changes = st.fixed_dictionaries(
    {
        "name": text,
        "variant": st.sampled_from(("float32", "int8", "edgetpu")),
        "model_sha256": st.text("0123456789abcdef", min_size=64, max_size=64),
        "temperature": st.floats(0, 1e300, exclude_min=True),
        "operating_point": operating_points,
        "golden": golden_sets,
        "notice": text,
    }
)


def draft_of(card: ModelCard) -> CardDraft:
    return CardDraft(
        **{field.name: getattr(card, field.name) for field in dataclasses.fields(CardDraft)}
    )


@given(changed=changes, pictures=st.dictionaries(text, st.integers(0)))
def test_a_card_read_back_equals_the_card_written(
    tiny_card: CardOf, changed: dict[str, Any], pictures: dict[str, int]
) -> None:
    card = dataclasses.replace(tiny_card("int8"), **changed)
    training = dataclasses.replace(card.training, pictures=pictures)
    card = dataclasses.replace(card, training=training)
    assert load_card(dump_card(card)) == card


def test_equal_cards_give_equal_text_whatever_the_order_of_their_entries(
    tiny_card: CardOf,
) -> None:
    one, other = (
        dataclasses.replace(
            tiny_card("float32"),
            training=dataclasses.replace(tiny_card("float32").training, versions=versions),
        )
        for versions in ({"a": "1", "b": "2"}, {"b": "2", "a": "1"})
    )
    assert dump_card(one) == dump_card(other)


def test_the_trainers_draft_is_read_back_and_named_after_network_cut_and_size(
    tiny_card: CardOf,
) -> None:
    draft = draft_of(tiny_card("float32"))
    oblong = dataclasses.replace(draft, preprocessing=Preprocessing(size_hw=(200, 300)))
    assert load_draft(dump_card(draft)) == draft
    assert draft.name == "tiny_none_32"
    assert oblong.name == "tiny_none_200x300"


@pytest.mark.parametrize("change", [{"grouped_by": "file"}, {"leaked_pictures": -1}])
def test_an_impossible_training_record_is_refused(
    tiny_card: CardOf, change: dict[str, Any]
) -> None:
    document = json.loads(dump_card(tiny_card("int8")))
    document["training"] |= change
    with pytest.raises(CardSchemaError, match="grouped_by must be one of"):
        load_card(json.dumps(document))


@pytest.mark.parametrize("name", ["leaked_pictures", "imbalance"])
def test_a_training_record_that_is_silent_on_leaks_or_imbalance_is_refused(
    tiny_card: CardOf, name: str
) -> None:
    document = json.loads(dump_card(tiny_card("int8")))
    del document["training"][name]
    with pytest.raises(CardSchemaError, match=f"missing=.*{name}"):
        load_card(json.dumps(document))


@pytest.mark.parametrize("version", [0, 5, -1, "1", None, [], True, 1.5])
def test_another_schema_version_is_refused_before_anything_else(
    tiny_card: CardOf, version: Any
) -> None:
    document = {**json.loads(dump_card(tiny_card("int8"))), "schema_version": version, "new": 1}
    for load in (load_card, load_draft):
        with pytest.raises(CardVersionError, match="Install the release"):
            load(json.dumps(document))


def test_a_card_of_the_first_version_is_read_and_means_what_it_meant(tiny_card: CardOf) -> None:
    card = tiny_card("int8")
    document = json.loads(dump_card(card))
    document["schema_version"] = 1
    del document["architecture"]["pooled_from"], document["quality"]["min_lesion_contrast"]
    del document["architecture"]["pooled_middle"]
    del document["quality"]["max_ruler_ticks"]
    old = load_card(json.dumps(document))
    assert old.architecture == dataclasses.replace(card.architecture, pooled_from="none")
    assert old.quality == dataclasses.replace(
        card.quality, min_lesion_contrast=0.0, max_ink=1.0, max_ruler_ticks=ANY_TICKS
    )


def test_a_card_of_the_second_version_keeps_what_it_says(tiny_card: CardOf) -> None:
    card = tiny_card("int8")
    document = {**json.loads(dump_card(card)), "schema_version": 2}
    document["architecture"]["pooled_from"] = "mixed2"
    del document["architecture"]["pooled_middle"]
    document["quality"]["min_lesion_contrast"] = 0.07
    old = load_card(json.dumps(document))
    assert old.schema_version == SCHEMA_VERSION
    assert old.quality.min_lesion_contrast == 0.07
    assert old.architecture == dataclasses.replace(
        card.architecture, pooled_from="mixed2", pooled_middle=False
    )


def test_a_card_of_the_third_version_sends_nothing_back_for_ink_or_a_ruler(
    tiny_card: CardOf,
) -> None:
    document = {**json.loads(dump_card(tiny_card("int8"))), "schema_version": 3}
    document["quality"]["max_ink"] = 0.02  # of another measure of ink, which was only remarked on
    del document["quality"]["max_ruler_ticks"]
    quality = load_card(json.dumps(document)).quality
    assert (quality.max_ink, quality.max_ruler_ticks) == (1.0, ANY_TICKS)


@pytest.mark.parametrize("part", ["architecture", "quality"])
def test_a_damaged_card_of_the_first_version_is_refused(tiny_card: CardOf, part: str) -> None:
    document = {**json.loads(dump_card(tiny_card("int8"))), "schema_version": 1, part: []}
    with pytest.raises(CardSchemaError, match=part):
        load_card(json.dumps(document))


def test_a_document_without_a_version_is_refused() -> None:
    for text_without in ("{}", "[]", "null", "1"):
        with pytest.raises(CardVersionError):
            load_card(text_without)


@pytest.mark.parametrize(
    "changed",
    [
        {"variant": "int4"},
        {"requires_delegate": "gpu"},
        {"model_sha256": "0" * 63},
        {"model_sha256": "G" * 64},
        {"temperature": 0.0},
        {"temperature": -1.0},
        {"temperature": math.nan},
        {"temperature": math.inf},
        {"preprocessing": Preprocessing(size_hw=(32, 33))},
    ],
)
def test_an_impossible_card_does_not_exist(tiny_card: CardOf, changed: dict[str, Any]) -> None:
    with pytest.raises(CardSchemaError):
        dataclasses.replace(tiny_card("float32"), **changed)


def test_an_output_of_more_than_one_logit_is_refused(tiny_card: CardOf) -> None:
    card = tiny_card("float32")
    with pytest.raises(CardSchemaError, match=r"output=\(1, 2\)"):
        dataclasses.replace(card, output=dataclasses.replace(card.output, shape=(1, 2)))


@pytest.mark.parametrize(
    ("negative", "positive"), [("", "malignant"), ("benign", ""), ("same", "same")]
)
def test_labels_are_two_different_names(negative: str, positive: str) -> None:
    with pytest.raises(CardSchemaError):
        Labels(negative=negative, positive=positive)


def case(**logits: float) -> GoldenCase:
    return GoldenCase(file="a.png", file_sha256="", pixels_sha256="", logits=logits)


@pytest.mark.parametrize(
    ("cases", "tolerance"),
    [
        ((), {"builtin": 0.1}),
        ((case(),), {}),
        ((case(builtin=1.0),), {"xnnpack": 0.1}),
        ((case(builtin=1.0), case(xnnpack=1.0)), {"builtin": 0.1}),
        ((case(abacus=1.0),), {"abacus": 0.1}),
        ((case(builtin=1.0),), {"builtin": 0.0}),
        ((case(builtin=1.0),), {"builtin": math.nan}),
        ((case(builtin=1.0),), {"builtin": math.inf}),
    ],
)
def test_golden_cases_that_prove_nothing_are_refused(
    cases: tuple[GoldenCase, ...], tolerance: dict[str, float]
) -> None:
    with pytest.raises(CardSchemaError):
        GoldenSet(cases=cases, tolerance=tolerance)


@pytest.mark.parametrize(
    "changed",
    [
        {"size_hw": (31, 64)},
        {"size_hw": (64, 4097)},
        {"resample": "nearest"},
        {"fit": "crop"},
        {"colour": "BGR"},
    ],
)
def test_preprocessing_that_this_release_does_not_know_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(CardSchemaError):
        Preprocessing(**{"size_hw": (64, 64), **changed})
