"""The standard TFLite metadata of a model with one picture in and one logit out, as a flatbuffer.

Slots and enumerations are those of ``metadata_schema.fbs``, file identifier M001:
https://github.com/google-ai-edge/mediapipe/blob/master/mediapipe/tasks/metadata/metadata_schema.fbs
"""

from collections.abc import Mapping
from typing import Any

LABELS_FILE = "labels.txt"
CALIBRATION_FILE = "score_calibration.txt"

_IDENTIFIER = b"M001"
_MIN_PARSER_VERSION = "1.0.0"
# Numbers of fields in each table, and values of its enumerations.
_MODEL, _SUBGRAPH, _TENSOR = 8, 10, 7
_ASSOCIATED_FILE, _AXIS_LABELS, _AXIS_SCORE_CALIBRATION = 5, 2, 4
_CONTENT, _FEATURE_PROPERTIES, _IMAGE_PROPERTIES = 3, 1, 2
_IMAGE, _COLOUR_RGB = 2, 1
_PROCESS_UNIT, _NORMALIZATION, _SCORE_CALIBRATION = 2, 1, 2
_OPTIONS, _STATS = 2, 2


def build_metadata(*, name: str, description: str, label: str) -> bytes:
    """The metadata flatbuffer.

    It tells that pixels 0 … 255 enter as they are, and that :data:`LABELS_FILE` and
    :data:`CALIBRATION_FILE` lie in the archive behind the model.

    Args:
        name: Of the model.
        description: What the model is, for people.
        label: What the score is of.
    """
    import flatbuffers

    builder = flatbuffers.Builder(1024)
    subgraph = _table(
        builder,
        _SUBGRAPH,
        {
            2: _tables(builder, _picture(builder)),
            3: _tables(builder, _score(builder, label)),
        },
    )
    model = _table(
        builder,
        _MODEL,
        {
            0: builder.CreateString(name),
            1: builder.CreateString(description),
            3: _tables(builder, subgraph),
            7: builder.CreateString(_MIN_PARSER_VERSION),
        },
    )
    builder.Finish(model, _IDENTIFIER)
    return bytes(builder.Output())


def _picture(builder: Any) -> int:
    """TensorMetadata of the input."""
    rgb = _table(builder, _IMAGE, numbers={0: _COLOUR_RGB})
    # (value - mean) / std; the scaling that the network needs lies inside the graph.
    options = {0: _floats(builder, 0.0), 1: _floats(builder, 1.0)}
    normalization = _table(builder, _OPTIONS, options)
    return _table(
        builder,
        _TENSOR,
        {
            0: builder.CreateString("image"),
            1: builder.CreateString("RGB picture, values 0 to 255"),
            3: _table(builder, _CONTENT, {1: rgb}, {0: _IMAGE_PROPERTIES}),
            4: _process_unit(builder, _NORMALIZATION, normalization),
            5: _table(builder, _STATS, {0: _floats(builder, 255.0), 1: _floats(builder, 0.0)}),
        },
    )


def _score(builder: Any, label: str) -> int:
    """TensorMetadata of the output."""
    # Both options keep their defaults: IDENTITY, and 0 where a score cannot be calibrated.
    calibration = _table(builder, _OPTIONS)
    files = (
        _associated_file(builder, LABELS_FILE, _AXIS_LABELS),
        _associated_file(builder, CALIBRATION_FILE, _AXIS_SCORE_CALIBRATION),
    )
    features = _table(builder, 0)
    return _table(
        builder,
        _TENSOR,
        {
            0: builder.CreateString("score"),
            1: builder.CreateString(f"logit of {label}; calibrated, its score"),
            3: _table(builder, _CONTENT, {1: features}, {0: _FEATURE_PROPERTIES}),
            4: _process_unit(builder, _SCORE_CALIBRATION, calibration),
            6: _tables(builder, *files),
        },
    )


def _process_unit(builder: Any, kind: int, options: int) -> int:
    return _tables(builder, _table(builder, _PROCESS_UNIT, {1: options}, {0: kind}))


def _associated_file(builder: Any, name: str, kind: int) -> int:
    return _table(builder, _ASSOCIATED_FILE, {0: builder.CreateString(name)}, {2: kind})


def _table(
    builder: Any,
    slots: int,
    offsets: Mapping[int, int] | None = None,
    numbers: Mapping[int, int] | None = None,
) -> int:
    """A table from what was built before, by slot: offsets, and numbers of one byte."""
    builder.StartObject(slots)
    for slot, offset in (offsets or {}).items():
        builder.PrependUOffsetTRelativeSlot(slot, offset, 0)
    for slot, number in (numbers or {}).items():
        builder.PrependUint8Slot(slot, number, 0)
    return int(builder.EndObject())


def _tables(builder: Any, *offsets: int) -> int:
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())


def _floats(builder: Any, *values: float) -> int:
    builder.StartVector(4, len(values), 4)
    for value in reversed(values):
        builder.PrependFloat32(value)
    return int(builder.EndVector())
