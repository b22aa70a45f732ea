"""The numeric forms that can be made, and how."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from converter.errors import CalibrationError, ConversionError
from converter.parity import FLOAT16_TOLERANCE, FLOAT_TOLERANCE
from converter.quantize import Ranges, halve_weights, quantize_static, quantize_weights


@dataclass(frozen=True, kw_only=True)
class FloatSource:
    """What every variant is made from.

    Attributes:
        float32: The float flatbuffer.
        ranges: Lowest and highest value by tensor; None where no variant needs them.
    """

    float32: bytes
    ranges: Ranges | None = None

    def require_ranges(self) -> Ranges:
        """The integer ranges.

        Raises:
            CalibrationError: If none were measured.
        """
        if self.ranges is None:
            raise CalibrationError("expected calibration pictures. Received: none")
        return self.ranges


Build = Callable[[FloatSource, Sequence[str]], bytes]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a variant is made.

    Attributes:
        variant: Its name.
        engine: What writes its flatbuffer.
        words: What the card says of it.
        calibrated: Whether calibration pictures set integer ranges.
        integer: Whether it computes in integers, which kernel families round differently.
        parity_tolerance: Largest |Δlogit| from the Keras model that is no fault; None where
            nothing bounds it.
        build: Source and scopes of layers kept in float to flatbuffer; only a calibrated form
            can keep layers.
        compiled: Whether the flatbuffer is then compiled for the Edge TPU.
    """

    variant: str
    engine: str
    words: str
    calibrated: bool = False
    integer: bool = False
    parity_tolerance: float | None = None
    build: Build
    compiled: bool = False


def _build_int8(source: FloatSource, kept_float: Sequence[str]) -> bytes:
    return quantize_static(source.float32, source.require_ranges(), kept_float=kept_float)


_QUANTIZER = "ai-edge-quantizer"
_DENSE = "last dense layer and logit in float32"

RECIPES = {
    recipe.variant: recipe
    for recipe in (
        Recipe(
            variant="float32",
            engine="tensorflow lite converter",
            words="float32 throughout",
            parity_tolerance=FLOAT_TOLERANCE,
            build=lambda source, _: source.float32,
        ),
        Recipe(
            variant="float16",
            engine=_QUANTIZER,
            words="weights rounded to float16; pixels, arithmetic and logit in float32",
            parity_tolerance=FLOAT16_TOLERANCE,
            build=lambda source, _: halve_weights(source.float32),
        ),
        Recipe(
            variant="dynamic_int8",
            engine=_QUANTIZER,
            words="int8 weights per channel, activations quantised while they are computed; "
            f"float pixels in; {_DENSE}",
            integer=True,
            build=lambda source, _: quantize_weights(source.float32, dynamic=True),
        ),
        Recipe(
            variant="weight_int8",
            engine=_QUANTIZER,
            words=f"int8 weights per channel, arithmetic in float32; float pixels in; {_DENSE}",
            build=lambda source, _: quantize_weights(source.float32, dynamic=False),
        ),
        Recipe(
            variant="int8",
            engine=_QUANTIZER,
            words=f"int8 weights per channel and activations; uint8 pixels in; {_DENSE}",
            calibrated=True,
            integer=True,
            build=_build_int8,
        ),
        Recipe(
            variant="int16x8",
            engine=_QUANTIZER,
            words="int8 weights per channel, int16 activations; float pixels in; slow: an "
            f"accuracy reference; {_DENSE}",
            calibrated=True,
            integer=True,
            build=lambda source, kept: quantize_static(
                source.float32, source.require_ranges(), activation_bits=16, kept_float=kept
            ),
        ),
        Recipe(
            variant="edgetpu",
            engine=_QUANTIZER,
            words="the int8 file, compiled for the Edge TPU",
            calibrated=True,
            integer=True,
            build=_build_int8,
            compiled=True,
        ),
    )
}

DEFAULT_VARIANTS = ("float32", "float16", "dynamic_int8", "weight_int8", "int8")


def parse_variants(text: str) -> list[Recipe]:
    """The recipes named in a comma-separated list, each once, in its order.

    Raises:
        ConversionError: If one is unknown.
    """
    names = list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    unknown = [name for name in names if name not in RECIPES]
    if unknown or not names:
        raise ConversionError(
            f"expected variants out of {', '.join(RECIPES)}. Received: {text!r}. "
            "Name them with commas between, as in --variants float32,int8."
        )
    return [RECIPES[name] for name in names]
