"""One changed byte anywhere in a sealed file is found: it never passes and never crashes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge_runtime.contract.embed import SealedModel, open_sealed
from edge_runtime.errors import CardMissingError, ContractError, IntegrityError

Seal = Callable[..., SealedModel]
PATTERNS = (*(1 << bit for bit in range(8)), 0xFF)  # each bit alone, and all of them


@pytest.fixture
def sealed(sealed_model: Seal) -> SealedModel:
    return sealed_model("int8")


@contextmanager
def damaged(path: Path, position: int, pattern: int) -> Iterator[Path]:
    """The file with some bits of one byte turned over, and whole again afterwards."""
    with path.open("r+b", buffering=0) as stream:
        stream.seek(position)
        byte = stream.read(1)[0]
        stream.seek(position)
        stream.write(bytes([byte ^ pattern]))
        yield path
        stream.seek(position)
        stream.write(bytes([byte]))


def flatbuffer_length(path: Path) -> int:
    # The first local header of the zip; the model's weights happen not to hold these bytes.
    return path.read_bytes().index(b"PK\x03\x04")


@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_changed_byte_of_the_archive_is_found(sealed: SealedModel, pattern: int) -> None:
    size = sealed.path.stat().st_size
    for position in range(flatbuffer_length(sealed.path), size):
        with damaged(sealed.path, position, pattern) as path, pytest.raises(ContractError):
            open_sealed(path)
    assert open_sealed(sealed.path) == sealed


@pytest.mark.parametrize("pattern", PATTERNS)
def test_changed_bytes_of_the_model_are_found_and_named(sealed: SealedModel, pattern: int) -> None:
    length = flatbuffer_length(sealed.path)
    for position in {*range(0, length, 13), length - 1}:
        with (
            damaged(sealed.path, position, pattern) as path,
            pytest.raises(IntegrityError, match="the model bytes changed"),
        ):
            open_sealed(path)


def test_a_file_cut_short_anywhere_is_refused(sealed: SealedModel) -> None:
    content = sealed.path.read_bytes()
    for length in {*range(0, len(content), 13), *range(len(content) - 200, len(content))}:
        sealed.path.write_bytes(content[:length])
        with pytest.raises(ContractError):
            open_sealed(sealed.path)


@pytest.mark.parametrize("tail", [b"\0", b"\n", b"0" * 64, b"PK\x05\x06" + bytes(18)])
def test_a_file_with_something_appended_is_refused(sealed: SealedModel, tail: bytes) -> None:
    sealed.path.write_bytes(sealed.path.read_bytes() + tail)
    with pytest.raises(ContractError):
        open_sealed(sealed.path)


def test_a_sealed_file_behind_other_bytes_or_another_sealed_file_is_refused(
    sealed: SealedModel,
) -> None:
    content = sealed.path.read_bytes()
    for joined in (b"x" + content, content + content, content[1:]):
        sealed.path.write_bytes(joined)
        with pytest.raises(ContractError):
            open_sealed(sealed.path)


def test_a_changed_card_is_told_from_a_changed_model(sealed: SealedModel) -> None:
    position = sealed.path.read_bytes().index(b'"threshold": 0.5')
    with (
        damaged(sealed.path, position + 14, 0x01) as path,
        pytest.raises(IntegrityError, match="the card, its golden cases or the seal changed"),
    ):
        open_sealed(path)


def test_the_parts_of_two_sealed_files_cannot_be_exchanged(sealed_model: Seal) -> None:
    one, other = sealed_model("int8"), sealed_model("int8", name="other", temperature=3.0)
    start = flatbuffer_length(one.path)
    mixed = one.path.read_bytes()[:start] + other.path.read_bytes()[start:]
    one.path.write_bytes(b"\0" + mixed[1:])
    with pytest.raises(IntegrityError):
        open_sealed(one.path)


@pytest.mark.parametrize("content", [b"", b"TFL3", b"PK\x05\x06" + bytes(18), bytes(10_000)])
def test_a_file_without_a_card_says_how_to_get_one(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.tflite").write_bytes(content)
    with pytest.raises(CardMissingError, match="melanoma-convert"):
        open_sealed(tmp_path / "model.tflite")


def test_a_model_as_its_converter_wrote_it_carries_no_card(tiny_flatbuffer: Path) -> None:
    with pytest.raises(CardMissingError, match="there is no default"):
        open_sealed(tiny_flatbuffer)


def test_a_missing_file_or_a_folder_is_refused_as_a_model(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing.tflite"):
        with pytest.raises(CardMissingError, match="Check the path"):
            open_sealed(path)
