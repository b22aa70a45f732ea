"""Standard TFLite metadata: a runtime that knows nothing of our card shows the calibrated score.

Readers of it, MediaPipe Tasks among them, take normalisation from a flatbuffer inside the model,
label and score calibration from files in the archive behind it.
"""

import io
import zipfile

import numpy as np

from converter.errors import ConversionError
from converter.flatbuffer_edit import pack_flatbuffer, unpack_flatbuffer
from converter.metadata_table import CALIBRATION_FILE, LABELS_FILE, build_metadata
from edge_runtime.contract.card import ModelCard
from edge_runtime.contract.embed import ARCHIVE_PREFIX

METADATA_NAME = "TFLITE_METADATA"

_FIXED_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can hold: equal input, equal bytes


def add_standard_metadata(model: bytes, card: ModelCard) -> bytes:
    """The model with standard metadata, label file and score calibration of its card.

    Seal it afterwards: the seal keeps these entries, and the card's hash covers the metadata.

    Args:
        model: A ``.tflite`` file. Standard metadata in it is replaced, a card is dropped; other zip
            entries are kept. Weights behind the flatbuffer are brought inside.
        card: Its name, positive label, temperature and threshold are what other runtimes get.

    Returns:
        Bytes of the file; equal arguments give equal bytes, and so does a second time.

    Raises:
        ConversionError: If the bytes are no model, or the label cannot stand in one line.
    """
    label = card.labels.positive
    if label.splitlines() != [label]:
        raise ConversionError(
            f"expected a label of one line. Received: positive={label!r}. Train with another name."
        )
    flatbuffer, entries = _split_archive(model)
    metadata = build_metadata(name=card.name, description=_describe(card), label=label)
    # Neither file ends with a newline: a reader would take it for a second label.
    ours = {LABELS_FILE: label, CALIBRATION_FILE: _calibration_line(card.temperature)}
    buffer = io.BytesIO(_set_metadata(flatbuffer, metadata))
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_STORED) as archive:
        for name, data in (entries | {name: text.encode() for name, text in ours.items()}).items():
            archive.writestr(zipfile.ZipInfo(name, _FIXED_DATE), data)
    return buffer.getvalue()


def _describe(card: ModelCard) -> str:
    height, width = card.preprocessing.size_hw
    point = card.operating_point
    return (
        f"Score of {card.labels.positive} for a dermatoscopic picture; refer at "
        f"{point.threshold!r} or above (chosen for {point.rule} {point.target:g}). The whole "
        f"picture, RGB, resized to {height}x{width} with Pillow's bilinear filter. {card.notice}"
    )


def _calibration_line(temperature: float) -> str:
    """Scale, slope and offset: scale × sigmoid(slope × logit + offset)."""
    return f"1.0,{1 / temperature!r},0.0"


def _split_archive(model: bytes) -> tuple[bytes, dict[str, bytes]]:
    """The flatbuffer, and the entries behind it without those of a card."""
    if not zipfile.is_zipfile(io.BytesIO(model)):
        return model, {}
    with zipfile.ZipFile(io.BytesIO(model)) as archive:
        entries = archive.infolist()
        start = min((entry.header_offset for entry in entries), default=archive.start_dir)
        kept = {
            entry.filename: archive.read(entry)
            for entry in entries
            if not entry.filename.startswith(ARCHIVE_PREFIX)
        }
    return model[:start], kept


def _set_metadata(flatbuffer: bytes, metadata: bytes) -> bytes:
    from ai_edge_litert.schema_py_generated import BufferT, MetadataT

    model = unpack_flatbuffer(flatbuffer)
    data = np.frombuffer(metadata, np.uint8)
    entries = model.metadata or []
    ours = [entry for entry in entries if entry.name == METADATA_NAME.encode()]
    if ours:
        model.buffers[ours[0].buffer] = BufferT(data=data)
    else:
        model.metadata = [*entries, MetadataT(name=METADATA_NAME, buffer=len(model.buffers))]
        model.buffers.append(BufferT(data=data))
    return pack_flatbuffer(model, len(flatbuffer))
