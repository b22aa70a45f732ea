"""A card in JSON is read strictly: at every level, one key or type off and it is refused."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.contract.card import ModelCard, dump_card, load_card
from edge_runtime.errors import CardSchemaError, ContractError

Path = tuple[str | int, ...]
# Objects whose keys are data, not schema.
FREE_KEYS = ("pictures", "versions", "logits", "tolerance")

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)


def nodes(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value of a document with its path, the document itself first."""
    yield path, value
    if isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in inner:
            yield from nodes(item, (*path, key))


def put(document: Any, path: Path, value: Any) -> str:
    """The document as JSON with another value at the path."""
    changed = copy.deepcopy(document)
    if not path:
        return json.dumps(value)
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return json.dumps(changed)


@pytest.fixture(scope="module")
def document(tiny_card: Callable[[str], ModelCard]) -> Any:
    return json.loads(dump_card(tiny_card("int8")))


def schema_objects(document: Any) -> list[tuple[Path, dict[str, Any]]]:
    objects = [
        (path, value)
        for path, value in nodes(document)
        if isinstance(value, dict) and (not path or path[-1] not in FREE_KEYS)
    ]
    assert len(objects) > 10, "the card has nested objects to try"
    return objects


def test_an_unknown_key_is_refused_at_every_level(document: Any) -> None:
    for path, value in schema_objects(document):
        with pytest.raises(CardSchemaError, match="unknown=\\['surprise'\\]"):
            load_card(put(document, path, {**value, "surprise": 1}))


def test_a_missing_key_is_refused_at_every_level(document: Any) -> None:
    for path, value in schema_objects(document):
        for key in value:
            with pytest.raises(ContractError, match=key):
                load_card(put(document, path, {k: v for k, v in value.items() if k != key}))


@pytest.mark.parametrize("wrong", [None, True, "x", 1.5, [], {}, [None], {"x": None}])
def test_a_value_of_another_type_is_refused_at_every_level(document: Any, wrong: Any) -> None:
    for path, value in nodes(document):
        if type(value) is not type(wrong) or isinstance(value, list):
            with pytest.raises(ContractError):
                load_card(put(document, path, wrong))


def test_an_integer_may_stand_for_a_float_and_stays_one_value(document: Any) -> None:
    card = load_card(put(document, ("temperature",), 2))
    assert card.temperature == 2.0
    assert isinstance(card.temperature, float)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "1" + "0" * 400])
def test_a_number_that_is_not_finite_is_refused(document: Any, number: str) -> None:
    text = put(document, ("temperature",), "here").replace('"here"', number)
    with pytest.raises(CardSchemaError, match="finite float"):
        load_card(text)


@given(data=st.data(), value=json_values)
def test_any_value_anywhere_gives_a_card_or_a_contract_error(
    document: Any, data: st.DataObject, value: Any
) -> None:
    paths = [path for path, _ in nodes(document)]
    text = put(document, data.draw(st.sampled_from(paths)), value)
    try:
        card = load_card(text)
    except ContractError:
        return
    assert load_card(dump_card(card)) == card


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_in_place_of_a_card_give_a_contract_error(content: bytes) -> None:
    with pytest.raises(ContractError):
        load_card(content)


def test_json_nested_beyond_reason_is_refused() -> None:
    with pytest.raises(ContractError):
        load_card("[" * 200_000)


def test_a_message_says_where_the_value_stands(document: Any) -> None:
    with pytest.raises(CardSchemaError, match=r"card\.golden\.cases\[0\]\.logits\.builtin"):
        load_card(put(document, ("golden", "cases", 0, "logits", "builtin"), "high"))
