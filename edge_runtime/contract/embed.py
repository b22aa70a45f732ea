"""The card's archive: a zip behind the flatbuffer, sealed so that one changed byte is found.

Layout of a sealed file::

    flatbuffer | zip: other entries, melanoma_edge/golden/…, melanoma_edge/card.json | comment

The card holds the sha256 of the flatbuffer. The zip's comment, the last bytes of the file, holds
the sha256 of everything before that digest. TFLite runtimes ignore what follows the flatbuffer,
and every zip tool reads the card. Entries are stored, not deflated: other readers of TFLite
metadata accept nothing else.
"""

import dataclasses
import hashlib
import io
import os
import struct
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from edge_runtime.contract.card import ModelCard, dump_card, load_card
from edge_runtime.contract.golden import GoldenCase
from edge_runtime.errors import CardMissingError, IntegrityError

ARCHIVE_PREFIX = "melanoma_edge/"
CARD_ENTRY = ARCHIVE_PREFIX + "card.json"
_SEAL = b"melanoma-edge sealed sha256="
_DIGEST_LENGTH = 64
_PIECE = 1 << 20  # bytes read at once
_FIXED_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can hold: equal input, equal bytes


@dataclass(frozen=True, kw_only=True)
class SealedModel:
    """A verified model file.

    Attributes:
        path: The file.
        card: Its card.
        golden: Encoded golden pictures by the name that the card gives them.
        file_sha256: Hex digest of the whole file.
    """

    path: Path
    card: ModelCard
    golden: Mapping[str, bytes]
    file_sha256: str


def seal_model(model: bytes, card: ModelCard, golden: Mapping[str, bytes]) -> bytes:
    """The model file with its card, golden pictures and seal.

    Args:
        model: A ``.tflite`` file. A card of ours in it is replaced; other zip entries are kept.
        card: The card; its ``model_sha256`` is set here.
        golden: Encoded pictures by the name that the card gives them.

    Returns:
        Bytes of the sealed file; equal arguments give equal bytes.
    """
    flatbuffer = model[: _archive_start(io.BytesIO(model))]
    card = dataclasses.replace(card, model_sha256=hashlib.sha256(flatbuffer).hexdigest())
    entries = {
        **_foreign_entries(model),
        **{ARCHIVE_PREFIX + name: data for name, data in sorted(golden.items())},
        CARD_ENTRY: dump_card(card).encode(),
    }
    buffer = io.BytesIO(flatbuffer)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_STORED) as archive:
        for name, data in entries.items():
            archive.writestr(zipfile.ZipInfo(name, _FIXED_DATE), data)
        # Of the final length already: the length of a comment stands before it.
        archive.comment = _SEAL + b"0" * _DIGEST_LENGTH
    unsealed = buffer.getvalue()[:-_DIGEST_LENGTH]
    return unsealed + hashlib.sha256(unsealed).hexdigest().encode()


def open_sealed(path: Path) -> SealedModel:
    """Read a model file's card and golden pictures and verify every byte of the file.

    Raises:
        CardMissingError: If the file is missing, or carries no card.
        IntegrityError: If a byte of the flatbuffer or of the archive has changed, or a golden
            picture is not the one that the card names.
        CardSchemaError: If the card is sealed but not valid.
        CardVersionError: If the card is of another schema version.
    """
    digest, content = _read_parts(path)
    if CARD_ENTRY.encode() not in content:
        raise CardMissingError(
            "expected a model file with a melanoma-edge card. "
            f"Received: {path.name!r}, which carries none (or was cut short). "
            "Export it with melanoma-convert; there is no default for preprocessing or threshold."
        )
    model_sha256 = digest.hexdigest()
    digest.update(content[:-_DIGEST_LENGTH])
    sealed = (
        content[-_DIGEST_LENGTH - len(_SEAL) : -_DIGEST_LENGTH] == _SEAL
        and content[-_DIGEST_LENGTH:] == digest.hexdigest().encode()
    )
    card = _card_if_model_unchanged(content, model_sha256, sealed=sealed, name=path.name)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        golden = {case.file: _golden_picture(archive, case) for case in card.golden.cases}
    digest.update(content[-_DIGEST_LENGTH:])
    return SealedModel(path=path, card=card, golden=golden, file_sha256=digest.hexdigest())


def write_sealed(path: Path, model: bytes, card: ModelCard, golden: Mapping[str, bytes]) -> None:
    """Write the sealed file beside ``path``, read it back and verify it, then rename it."""
    beside = path.with_name(path.name + ".partial")
    try:
        beside.write_bytes(seal_model(model, card, golden))
        open_sealed(beside)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _read_parts(path: Path) -> tuple["hashlib._Hash", bytes]:
    """The flatbuffer's sha256, to be gone on with, and what lies behind the flatbuffer.

    The flatbuffer is hashed in pieces: of a large model no second copy comes to lie in memory.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            start = _archive_start(file)
            file.seek(0)
            for position in range(0, start, _PIECE):
                digest.update(file.read(min(_PIECE, start - position)))
            return digest, file.read()
    except OSError as error:
        raise CardMissingError(
            f"expected a readable model file. Received: {str(path)!r}: {error.strerror}. "
            "Check the path."
        ) from error


def _card_if_model_unchanged(
    content: bytes, model_sha256: str, *, sealed: bool, name: str
) -> ModelCard:
    """The card, once it is known that neither it nor the flatbuffer has changed."""
    if sealed:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            card = load_card(archive.read(CARD_ENTRY))
        if card.model_sha256 == model_sha256:
            return card
    flatbuffer_unchanged = model_sha256.encode() in content
    part = "the card, its golden cases or the seal" if flatbuffer_unchanged else "the model bytes"
    raise IntegrityError(
        f"expected {name!r} as it was sealed. Received: {part} changed since then. "
        "Copy the file again from where it was exported."
    )


def _golden_picture(archive: zipfile.ZipFile, case: GoldenCase) -> bytes:
    name = ARCHIVE_PREFIX + case.file
    picture = archive.read(name) if name in archive.namelist() else None
    if picture is None or hashlib.sha256(picture).hexdigest() != case.file_sha256:
        raise IntegrityError(
            f"expected the golden picture {case.file!r} that the card names. "
            f"Received: {'none' if picture is None else 'another one'}. Export the model again."
        )
    return picture


def _archive_start(file: BinaryIO) -> int:
    """Where the zip begins: the length of the flatbuffer before it."""
    try:
        with zipfile.ZipFile(file) as archive:
            offsets = [info.header_offset for info in archive.infolist()]
        return max(0, min(offsets, default=file.seek(0, os.SEEK_END)))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, struct.error):
        # A damaged directory still leaves our first entry's local header to be found.
        file.seek(0)
        content = file.read()
        start = content.rfind(b"PK\x03\x04", 0, max(0, content.find(ARCHIVE_PREFIX.encode())))
        return start if start >= 0 else len(content)


def _foreign_entries(content: bytes) -> dict[str, bytes]:
    """The zip entries that others put there, such as labels of standard TFLite metadata."""
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = [name for name in archive.namelist() if not name.startswith(ARCHIVE_PREFIX)]
        return {name: archive.read(name) for name in names}
