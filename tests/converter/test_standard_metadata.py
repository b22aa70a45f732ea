"""What a runtime that knows nothing of our card finds in the file, and that ours loses nothing."""

import dataclasses
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import pytest
from flatbuffers.number_types import Float32Flags
from flatbuffers.table import Table
from hypothesis import given
from hypothesis import strategies as st

from converter.errors import ConversionError
from converter.standard_metadata import METADATA_NAME, add_standard_metadata
from edge_runtime.classifier import LesionClassifier
from edge_runtime.contract.card import ModelCard
from edge_runtime.contract.embed import SealedModel, open_sealed, write_sealed
from edge_runtime.contract.labels import Labels
from edge_runtime.contract.operating_point import score_from_logit
from edge_runtime.interpreter import load_runner
from edge_runtime.self_test import logit_of

PUBLISHED = sorted((Path(__file__).parents[2] / "models").glob("*.tflite"))
PROBE = Path(__file__).parents[2] / "edge_runtime" / "probe.tflite"
VARIANTS = ("float32", "int8")

Seal = Callable[..., SealedModel]


def unpack(model: bytes) -> Any:
    from ai_edge_litert.schema_py_generated import ModelT

    return ModelT.InitFromPackedBuf(model, 0)


def entries(model: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(model)) as archive:
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
        return {name: archive.read(name) for name in archive.namelist()}


def metadata_of(model: bytes) -> Table:
    """Root table of the standard metadata; exactly one."""
    packed = unpack(model)
    (ours,) = [entry for entry in packed.metadata if entry.name == METADATA_NAME.encode()]
    content = packed.buffers[ours.buffer].data.tobytes()
    assert content[4:8] == b"M001"
    return Table(content, int.from_bytes(content[:4], "little"))


def child(table: Table, slot: int, index: int | None = None) -> Table:
    """The table at a slot, or in the vector at a slot."""
    offset = table.Offset(4 + 2 * slot)
    place = offset + table.Pos if index is None else table.Vector(offset) + 4 * index
    return Table(table.Bytes, table.Indirect(place))


def text(table: Table, slot: int) -> str:
    value: bytes = table.String(table.Offset(4 + 2 * slot) + table.Pos)
    return value.decode()


def floats(table: Table, slot: int) -> list[float]:
    offset = table.Offset(4 + 2 * slot)
    place = table.Vector(offset)
    return [table.Get(Float32Flags, place + 4 * i) for i in range(table.VectorLen(offset))]


def random_pixels(side: int, count: int = 3) -> list[Any]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (side, side, 3), dtype=np.uint8) for _ in range(count)]


@pytest.mark.parametrize("variant", VARIANTS)
def test_others_find_the_pixels_as_they_are_one_label_and_the_calibration(
    sealed_model: Seal, variant: str
) -> None:
    sealed = sealed_model(variant)
    model = add_standard_metadata(sealed.path.read_bytes(), sealed.card)
    assert entries(model)["labels.txt"] == b"malignant"
    root = metadata_of(model)
    subgraph = child(root, 3, 0)
    normalization = child(child(child(subgraph, 2, 0), 4, 0), 1)
    assert (floats(normalization, 0), floats(normalization, 1)) == ([0.0], [1.0])
    score = child(subgraph, 3, 0)
    assert [text(child(score, 6, i), 0) for i in range(2)] == [
        *("labels.txt", "score_calibration.txt")
    ]
    assert text(root, 0) == sealed.card.name
    assert "Research software, not a medical device." in text(root, 1)
    assert "refer at 0.5 or above" in text(root, 1)


@given(logit=st.floats(-30, 30), temperature=st.floats(0.05, 20))
def test_the_calibration_file_gives_the_score_of_the_contract(
    tiny_card: Callable[[str], ModelCard], logit: float, temperature: float
) -> None:
    card = dataclasses.replace(tiny_card("float32"), temperature=temperature)
    tiny = Path(__file__).parents[1] / "data" / "tiny_float32.tflite"
    line = entries(add_standard_metadata(tiny.read_bytes(), card))["score_calibration.txt"]
    scale, slope, offset = map(float, line.decode().split(","))
    expected = score_from_logit(logit, temperature)
    # As readers of standard metadata compute it: scale × sigmoid(slope × x + offset).
    assert scale / (1 + np.exp(-(slope * logit + offset))) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("variant", VARIANTS)
def test_equal_input_gives_equal_bytes_and_a_second_time_replaces(
    sealed_model: Seal, variant: str
) -> None:
    sealed = sealed_model(variant)
    content = sealed.path.read_bytes()
    once = add_standard_metadata(content, sealed.card)
    assert add_standard_metadata(content, sealed.card) == once
    assert add_standard_metadata(once, sealed.card) == once
    renamed = dataclasses.replace(sealed.card, labels=Labels(positive="melanoma"))
    twice = add_standard_metadata(once, renamed)
    assert twice == add_standard_metadata(content, renamed)
    assert entries(twice)["labels.txt"] == b"melanoma"
    metadata_of(twice)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_sealed_file_keeps_both_and_computes_the_same_bits(
    sealed_model: Seal, variant: str, tmp_path: Path
) -> None:
    before = sealed_model(variant)
    after = tmp_path / "standard.tflite"
    model = add_standard_metadata(before.path.read_bytes(), before.card)
    write_sealed(after, model, before.card, before.golden)
    assert open_sealed(after).card.model_sha256 != before.card.model_sha256
    assert {"labels.txt", "score_calibration.txt"} < set(entries(after.read_bytes()))
    for optimized in (True, False):
        old, new = (load_runner(path, optimized=optimized) for path in (before.path, after))
        for pixels in random_pixels(32):
            assert logit_of(new, pixels) == logit_of(old, pixels)
    with LesionClassifier.open(after) as classifier:
        assert classifier.card.name == before.card.name


@pytest.mark.skipif(not PUBLISHED, reason="no published models in this checkout")
def test_published_models_compute_the_same_bits_and_stay_aligned(
    tiny_card: Callable[[str], ModelCard], tmp_path: Path
) -> None:
    (pixels,) = random_pixels(224, 1)
    for path in PUBLISHED:
        model = add_standard_metadata(path.read_bytes(), tiny_card("float32"))
        changed = tmp_path / path.name
        changed.write_bytes(model)
        assert logit_of(load_runner(changed), pixels) == logit_of(load_runner(path), pixels)
        start = np.frombuffer(model, np.uint8).ctypes.data
        data = [buffer.data for buffer in unpack(model).buffers]
        places = [array.ctypes.data - start for array in data if array is not None]
        assert {place % 16 for place in places} == {0}


def test_weights_behind_the_flatbuffer_are_brought_inside(
    sealed_model: Seal, tmp_path: Path
) -> None:
    sealed = sealed_model("float32")
    outside = with_weights_behind(sealed.path.read_bytes())
    (tmp_path / "outside.tflite").write_bytes(outside)
    model = add_standard_metadata(outside, sealed.card)
    (tmp_path / "inside.tflite").write_bytes(model)
    assert {buffer.offset for buffer in unpack(model).buffers} == {0}
    for pixels in random_pixels(32):
        logits = {
            logit_of(load_runner(path), pixels)
            for path in (sealed.path, *tmp_path.glob("*side.tflite"))
        }
        assert len(logits) == 1


def with_weights_behind(content: bytes) -> bytes:
    """The model as a writer of files above 2 GB lays it out: ``Buffer.offset`` and ``size``."""
    model = unpack(content)
    weights = max((b for b in model.buffers if b.data is not None), key=lambda b: len(b.data))
    data, weights.data, weights.size = weights.data.tobytes(), None, len(weights.data)
    weights.offset = 2
    for _ in range(2):  # the first time tells how long the flatbuffer is
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        packed = bytes(builder.Output())
        weights.offset = -(-len(packed) // 16) * 16
    return packed.ljust(weights.offset, b"\0") + data


def test_other_entries_of_the_archive_are_kept(sealed_model: Seal) -> None:
    sealed = sealed_model()
    buffer = io.BytesIO(sealed.path.read_bytes())
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("labels.txt.note", "theirs")
        archive.writestr("labels.txt", "an older label")
    found = entries(add_standard_metadata(buffer.getvalue(), sealed.card))
    assert found["labels.txt.note"] == b"theirs"
    assert sorted(found) == ["labels.txt", "labels.txt.note", "score_calibration.txt"]


def test_a_model_without_archive_gets_one(tiny_card: Callable[[str], ModelCard]) -> None:
    model = add_standard_metadata(PROBE.read_bytes(), tiny_card("float32"))
    assert sorted(entries(model)) == ["labels.txt", "score_calibration.txt"]


def test_bytes_that_are_no_model_are_refused(tiny_card: Callable[[str], ModelCard]) -> None:
    with pytest.raises(ConversionError, match="TFLite model"):
        add_standard_metadata(b"no model at all", tiny_card("float32"))


@pytest.mark.parametrize("label", ["two\nlines", "two\r\nlines", "line\n"])
def test_a_label_of_two_lines_is_refused(tiny_card: Callable[[str], ModelCard], label: str) -> None:
    card = dataclasses.replace(tiny_card("float32"), labels=Labels(positive=label))
    with pytest.raises(ConversionError, match="one line"):
        add_standard_metadata(PROBE.read_bytes(), card)
