"""A sealed file: its card travels in it, every zip tool reads it, and it computes as before."""

import dataclasses
import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from edge_runtime.contract.card import load_card
from edge_runtime.contract.embed import (
    CARD_ENTRY,
    SealedModel,
    open_sealed,
    seal_model,
    write_sealed,
)
from edge_runtime.errors import CardSchemaError, CardVersionError, IntegrityError
from edge_runtime.interpreter import load_runner
from edge_runtime.self_test import logit_of

Seal = Callable[..., SealedModel]
Draw = Callable[..., npt.NDArray[np.uint8]]
LABELS = b"benign\nmalignant\n"


def with_entries(model: bytes, entries: dict[str, bytes], *, compress: bool = False) -> bytes:
    """A model to which another tool has added zip entries, as standard TFLite metadata does."""
    buffer = io.BytesIO(model)
    method = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    with zipfile.ZipFile(buffer, "a", method) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def entries_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_what_was_sealed_is_read_back(sealed_model: Seal, tiny_flatbuffer: Path) -> None:
    variant = tiny_flatbuffer.stem.removeprefix("tiny_")
    sealed = sealed_model(variant, temperature=2.5)
    flatbuffer = tiny_flatbuffer.read_bytes()
    assert sealed.card.temperature == 2.5
    assert sealed.card.model_sha256 == hashlib.sha256(flatbuffer).hexdigest()
    assert sealed.file_sha256 == hashlib.sha256(sealed.path.read_bytes()).hexdigest()
    assert sealed.path.read_bytes().startswith(flatbuffer)
    assert set(sealed.golden) == {case.file for case in sealed.card.golden.cases}


def test_every_zip_tool_reads_the_card(sealed_model: Seal) -> None:
    sealed = sealed_model()
    entries = entries_of(sealed.path)
    assert load_card(entries[CARD_ENTRY]) == sealed.card
    assert json.loads(entries[CARD_ENTRY])["notice"] == sealed.card.notice
    with zipfile.ZipFile(sealed.path) as archive:
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}


def test_equal_input_gives_equal_bytes(sealed_model: Seal, tiny_card: Callable[..., Any]) -> None:
    sealed = sealed_model()
    model = sealed.path.read_bytes()
    golden = dict(reversed(list(sealed.golden.items())))
    assert seal_model(model, sealed.card, golden) == model
    assert seal_model(model, tiny_card("float32"), sealed.golden) == model
    with zipfile.ZipFile(sealed.path) as archive:  # nor does the time of writing matter
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_sealing_again_replaces_the_card(sealed_model: Seal) -> None:
    sealed = sealed_model()
    changed = dataclasses.replace(sealed.card, temperature=9.0)
    write_sealed(sealed.path, sealed.path.read_bytes(), changed, sealed.golden)
    assert open_sealed(sealed.path).card == changed
    assert entries_of(sealed.path).keys() == {
        CARD_ENTRY,
        *(f"melanoma_edge/{name}" for name in sealed.golden),
    }


@pytest.mark.parametrize("compress", [False, True])
def test_entries_of_other_tools_are_kept_and_stored(
    sealed_model: Seal, tiny_flatbuffer: Path, compress: bool
) -> None:
    sealed = sealed_model(tiny_flatbuffer.stem.removeprefix("tiny_"))
    foreign = {"labels.txt": LABELS, "notes/more.bin": bytes(range(256))}
    model = with_entries(tiny_flatbuffer.read_bytes(), foreign, compress=compress)
    for _ in range(2):  # the second time in a file that is sealed already
        write_sealed(sealed.path, model, sealed.card, sealed.golden)
        model = sealed.path.read_bytes()
        kept = entries_of(sealed.path)
        assert {name: kept[name] for name in foreign} == foreign
        assert open_sealed(sealed.path).card == sealed.card


@pytest.mark.parametrize("optimized", [True, False])
def test_the_runtime_computes_the_same_from_a_sealed_file(
    sealed_model: Seal, tiny_flatbuffer: Path, lesion: Draw, optimized: bool
) -> None:
    sealed = sealed_model(tiny_flatbuffer.stem.removeprefix("tiny_"))
    before, after = (
        load_runner(path, optimized=optimized) for path in (tiny_flatbuffer, sealed.path)
    )
    for seed in range(3):
        pixels = lesion(32, 32, seed)
        assert logit_of(before, pixels) == logit_of(after, pixels)


@pytest.mark.parametrize("golden", [{}, {"golden/0.png": b"another picture"}])
def test_golden_pictures_that_are_not_the_cards_are_refused(
    sealed_model: Seal, golden: dict[str, bytes]
) -> None:
    sealed = sealed_model()
    sealed.path.write_bytes(seal_model(sealed.path.read_bytes(), sealed.card, golden))
    with pytest.raises(IntegrityError, match=r"golden/0\.png"):
        open_sealed(sealed.path)


def sealed_by_hand(flatbuffer: bytes, entries: dict[str, bytes]) -> bytes:
    """The documented layout, written by a program that does not check its cards."""
    buffer = io.BytesIO(with_entries(flatbuffer, entries))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.comment = b"melanoma-edge sealed sha256=" + b"0" * 64
    body = buffer.getvalue()[:-64]
    return body + hashlib.sha256(body).hexdigest().encode()


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        (b'"variant": "float32"', b'"variant": "int4"', CardSchemaError),
        (b'"schema_version": 4', b'"schema_version": 5', CardVersionError),
        (b'"temperature": 1.5', b'"temperature": 2.5', None),
    ],
)
def test_a_card_sealed_by_another_program_is_checked_all_the_same(
    sealed_model: Seal, old: bytes, new: bytes, error: type[Exception] | None
) -> None:
    sealed = sealed_model()
    entries = entries_of(sealed.path)
    entries[CARD_ENTRY] = entries[CARD_ENTRY].replace(old, new)
    flatbuffer = sealed.path.read_bytes().partition(b"PK\x03\x04")[0]
    sealed.path.write_bytes(sealed_by_hand(flatbuffer, entries))
    if error is None:
        assert open_sealed(sealed.path).card.temperature == 2.5
    else:
        with pytest.raises(error):
            open_sealed(sealed.path)


def test_a_card_sealed_onto_another_model_is_refused(sealed_model: Seal) -> None:
    sealed = sealed_model("float32")
    other = sealed_model("int8").path.read_bytes().partition(b"PK\x03\x04")[0]
    sealed.path.write_bytes(sealed_by_hand(other, entries_of(sealed.path)))
    with pytest.raises(IntegrityError, match="the model bytes changed"):
        open_sealed(sealed.path)


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(sealed_model: Seal) -> None:
    sealed = sealed_model()
    before = sealed.path.read_bytes()
    with pytest.raises(IntegrityError):
        write_sealed(sealed.path, before, sealed.card, {})
    assert sealed.path.read_bytes() == before
    assert list(sealed.path.parent.iterdir()) == [sealed.path]


def test_a_write_to_where_nothing_can_be_written_leaves_nothing(
    sealed_model: Seal, tmp_path: Path
) -> None:
    sealed = sealed_model()
    (tmp_path / "taken").mkdir()
    for path in (tmp_path / "taken", tmp_path / "missing" / "model.tflite"):
        with pytest.raises(OSError, match=r"taken|missing"):
            write_sealed(path, sealed.path.read_bytes(), sealed.card, sealed.golden)
    assert sorted(p.name for p in tmp_path.rglob("*")) == sorted(["taken", sealed.path.name])
