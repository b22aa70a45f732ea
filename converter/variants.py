"""The numeric forms that can be made, and how."""

from collections.abc import Callable
from dataclasses import dataclass

from converter.calibration import CalibrationSet
from converter.errors import ConversionError
from converter.export import StaticModel, export_float16, export_float32, export_int8
from converter.parity import FLOAT16_TOLERANCE, FLOAT_TOLERANCE


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a variant is made.

    Attributes:
        variant: Its name.
        words: What the card says of it.
        quantised: Whether calibration pictures set integer ranges.
        parity_tolerance: Largest |Δlogit| from the Keras model that is no fault; None where
            nothing bounds it.
        build: Model and calibration set to flatbuffer.
    """

    variant: str
    words: str
    quantised: bool
    parity_tolerance: float | None
    build: Callable[[StaticModel, CalibrationSet | None], bytes]


def _build_float32(model: StaticModel, _: CalibrationSet | None) -> bytes:
    return export_float32(model)


def _build_float16(model: StaticModel, _: CalibrationSet | None) -> bytes:
    return export_float16(model)


def _build_int8(model: StaticModel, calibration: CalibrationSet | None) -> bytes:
    if calibration is None:
        raise ConversionError("expected calibration pictures for int8. Received: none")
    return export_int8(model, calibration.pixels)


RECIPES = {
    recipe.variant: recipe
    for recipe in (
        Recipe(
            variant="float32",
            words="float32 throughout",
            quantised=False,
            parity_tolerance=FLOAT_TOLERANCE,
            build=_build_float32,
        ),
        Recipe(
            variant="float16",
            words="weights rounded to float16; pixels, arithmetic and logit in float32",
            quantised=False,
            parity_tolerance=FLOAT16_TOLERANCE,
            build=_build_float16,
        ),
        Recipe(
            variant="int8",
            words="int8 weights per channel and activations, min-max ranges; uint8 pixels in; "
            "dense layer and logit in float32",
            quantised=True,
            parity_tolerance=None,
            build=_build_int8,
        ),
    )
}

DEFAULT_VARIANTS = ("float32", "int8")


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
