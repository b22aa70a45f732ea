"""The model card: what a ``.tflite`` file expects, how it decides, and where it came from."""

import json
import math
import re
from dataclasses import dataclass
from typing import Any

from edge_runtime.contract.card_versions import upgraded
from edge_runtime.contract.golden import KERNEL_FAMILIES, GoldenSet
from edge_runtime.contract.labels import Labels
from edge_runtime.contract.operating_point import OperatingPoint
from edge_runtime.contract.preprocess import Preprocessing
from edge_runtime.contract.quality_limits import QualityLimits
from edge_runtime.contract.quantization import TensorSpec
from edge_runtime.contract.schema import from_json, to_json
from edge_runtime.errors import CardSchemaError

VARIANTS = (
    "float32",
    "float16",
    "dynamic_int8",
    "weight_int8",
    "int8",
    "int16x8",
    "edgetpu",
)
GROUPED_BY = ("patient", "lesion", "cluster", "content")  # the widest first
NOTICE = "Research software, not a medical device."

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """The network.

    Attributes:
        backbone: Name of the network, ``inceptionv3``.
        pooled_from: First block whose maps are averaged into features; all from it to ``cut`` are.
        pooled_middle: The middle of each map, half as high and wide, is averaged beside the whole.
        cut: Last block kept, ``mixed0`` … ``mixed10``.
        initial_weights: Where training started: ``imagenet``, ``none`` or ``sha256:…`` of a file.
    """

    backbone: str
    pooled_from: str
    pooled_middle: bool
    cut: str
    initial_weights: str

    @property
    def description(self) -> str:
        """In words, as in ``inceptionv3 up to mixed5, pooled from mixed2 on``."""
        pooled = "" if self.pooled_from == self.cut else f", pooled from {self.pooled_from} on"
        middle = ", whole and middle" if self.pooled_middle else ""
        return f"{self.backbone} up to {self.cut}{pooled}{middle}"


@dataclass(frozen=True, kw_only=True)
class TrainingRecord:
    """What the network was trained on.

    Attributes:
        pictures: Pictures by ``split/label``, as in ``train/benign``.
        grouped_by: What was kept on one side of the split, one of :data:`GROUPED_BY`; ``cluster``
            is one of copies that an audit found.
        leaked_pictures: Pictures that lie across the splits nevertheless; 0: none was found.
        imbalance: How unequal classes were treated, as in ``class weights``.
        seed: Fixes split, order and initial values.
        split_sha256: Of the split manifest.
        model_sha256: Of the Keras model file.
        versions: Package versions by name.
        demonstration: The model only shows the toolkit; its figures mean nothing.
    """

    pictures: dict[str, int]
    grouped_by: str
    leaked_pictures: int
    imbalance: str
    seed: int
    split_sha256: str
    model_sha256: str
    versions: dict[str, str]
    demonstration: bool

    def __post_init__(self) -> None:
        if self.grouped_by not in GROUPED_BY or self.leaked_pictures < 0:
            raise CardSchemaError(
                f"grouped_by must be one of {GROUPED_BY}, leaked_pictures 0 or more. Received: "
                f"grouped_by={self.grouped_by!r}, leaked_pictures={self.leaked_pictures}"
            )


@dataclass(frozen=True, kw_only=True)
class ConversionRecord:
    """How the file was made.

    Attributes:
        engine: Program that wrote the flatbuffer.
        recipe: What it was told, in words.
        versions: Package versions by name.
        calibration_pictures: Number of pictures that set the integer ranges; 0 for float.
        calibration_sha256: Of the list of those pictures; empty for float.
        parity_pictures: Validation pictures compared with the Keras model.
        parity_max_logit_difference: Largest |Δlogit| from the Keras model over them.
        measured_on: Kernel family that computed the operating point's scores, one of
            ``golden.KERNEL_FAMILIES``.
        gate: What the accuracy gate found, a line a limit.
    """

    engine: str
    recipe: str
    versions: dict[str, str]
    calibration_pictures: int
    calibration_sha256: str
    parity_pictures: int
    parity_max_logit_difference: float
    measured_on: str
    gate: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.gate or self.measured_on not in KERNEL_FAMILIES:
            raise CardSchemaError(
                f"conversion needs a finding of its gate and measured_on of {KERNEL_FAMILIES}. "
                f"Received: gate={self.gate}, measured_on={self.measured_on!r}"
            )


@dataclass(frozen=True, kw_only=True)
class CardDraft:
    """What the trainer knows; the converter completes it for each variant."""

    schema_version: int
    architecture: Architecture
    preprocessing: Preprocessing
    labels: Labels
    training: TrainingRecord
    temperature: float
    operating_point: OperatingPoint

    @property
    def name(self) -> str:
        """Decodable name, as in ``inceptionv3_mixed5_224``; H×W where they differ."""
        height, width = self.preprocessing.size_hw
        size = str(height) if height == width else f"{height}x{width}"
        return f"{self.architecture.backbone}_{self.architecture.cut}_{size}"


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    """All that a device needs to know about the file that carries it.

    Attributes:
        schema_version: Of this layout, see ``card_versions``.
        name: As in ``inceptionv3_mixed5_224_int8``; the file is named after it.
        variant: One of :data:`VARIANTS`.
        requires_delegate: ``cpu`` or ``edgetpu``.
        model_sha256: Of the flatbuffer, without the archive behind it.
        architecture: The network.
        preprocessing: From picture to input pixels.
        labels: The two classes.
        input: Input tensor; a float tensor takes the same 0–255 values.
        output: Output tensor, one logit.
        temperature: Divides the logit, see ``score_from_logit``.
        operating_point: This variant's own.
        training: What the network was trained on.
        conversion: How the file was made.
        golden: Cases that prove a device computes what the converter computed.
        quality: What a picture must be like to be scored.
        notice: What this file is not.
    """

    schema_version: int
    name: str
    variant: str
    requires_delegate: str
    model_sha256: str
    architecture: Architecture
    preprocessing: Preprocessing
    labels: Labels
    input: TensorSpec
    output: TensorSpec
    temperature: float
    operating_point: OperatingPoint
    training: TrainingRecord
    conversion: ConversionRecord
    golden: GoldenSet
    quality: QualityLimits
    notice: str

    def __post_init__(self) -> None:
        if self.variant not in VARIANTS or self.requires_delegate not in ("cpu", "edgetpu"):
            raise CardSchemaError(
                f"variant must be one of {VARIANTS}, requires_delegate cpu or edgetpu. Received: "
                f"variant={self.variant!r}, requires_delegate={self.requires_delegate!r}"
            )
        if not _SHA256.fullmatch(self.model_sha256):
            raise CardSchemaError(
                "model_sha256 must be 64 hexadecimal digits. "
                f"Received: model_sha256={self.model_sha256!r:.80}"
            )
        if not 0 < self.temperature < math.inf:
            raise CardSchemaError(
                f"temperature must be positive and finite. Received: temperature={self.temperature}"
            )
        expected_input = (1, *self.preprocessing.size_hw, 3)
        if self.input.shape != expected_input or self.output.shape != (1, 1):
            raise CardSchemaError(
                f"the input must be {expected_input} and the output (1, 1). "
                f"Received: input={self.input.shape}, output={self.output.shape}"
            )


def dump_card(card: ModelCard | CardDraft) -> str:
    """The card as indented JSON with a final newline; equal cards give equal text."""
    return json.dumps(to_json(card), indent=2, sort_keys=True, allow_nan=False) + "\n"


def load_card(text: str | bytes) -> ModelCard:
    """Parse and validate a model card.

    Raises:
        CardVersionError: If the card is of another schema version.
        CardSchemaError: If it is not JSON, or a value is missing, unknown or impossible.
    """
    return from_json(ModelCard, _parse_versioned(text))


def load_draft(text: str | bytes) -> CardDraft:
    """Parse and validate the trainer's card draft; raises as :func:`load_card` does."""
    return from_json(CardDraft, _parse_versioned(text), "draft")


def _parse_versioned(text: str | bytes) -> Any:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CardSchemaError(
            f"expected a card in JSON. Received: {error}. Export the model again."
        ) from error
    return upgraded(data)
