"""Real values and integers: rounded half away from zero, clipped, and back within half a step."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.contract.quantization import TensorSpec, dequantize, quantize
from edge_runtime.errors import CardSchemaError, TensorMismatchError

INTEGERS = ("uint8", "int8", "int16")
FLOAT = TensorSpec(dtype="float32", shape=(1,), scale=0.0, zero_point=0)
PIXELS = np.arange(256, dtype=np.uint8)


def spec(dtype: str, scale: float, zero_point: int = 0) -> TensorSpec:
    return TensorSpec(dtype=dtype, shape=(1,), scale=scale, zero_point=zero_point)


@st.composite
def specs(draw: st.DrawFn) -> TensorSpec:
    dtype = draw(st.sampled_from(INTEGERS))
    limits = np.iinfo(dtype)
    scale = draw(st.floats(1e-6, 1e3))
    return spec(dtype, scale, draw(st.integers(int(limits.min), int(limits.max))))


@given(specs(), st.data())
def test_a_value_inside_the_range_comes_back_within_half_a_step(
    tensor: TensorSpec, data: st.DataObject
) -> None:
    limits = np.iinfo(tensor.dtype)
    low = (int(limits.min) - tensor.zero_point) * tensor.scale
    high = (int(limits.max) - tensor.zero_point) * tensor.scale
    value = data.draw(st.floats(low, high))
    back = float(dequantize(quantize([value], tensor), tensor)[0])
    assert abs(back - value) <= tensor.scale / 2 * (1 + 1e-9)


@given(specs(), st.floats(-1e12, 1e12))
def test_a_value_outside_the_range_becomes_the_nearest_integer_of_it(
    tensor: TensorSpec, value: float
) -> None:
    limits = np.iinfo(tensor.dtype)
    quantised = int(quantize([value], tensor)[0])
    exact = Fraction(value) / Fraction(tensor.scale) + tensor.zero_point
    if exact <= limits.min:
        assert quantised == limits.min
    elif exact >= limits.max:
        assert quantised == limits.max


@given(specs(), st.data())
def test_every_integer_survives_there_and_back(tensor: TensorSpec, data: st.DataObject) -> None:
    limits = np.iinfo(tensor.dtype)
    integer = data.draw(st.integers(int(limits.min), int(limits.max)))
    quantised = np.array([integer], tensor.dtype)
    assert quantize(dequantize(quantised, tensor), tensor)[0] == integer


@pytest.mark.parametrize("dtype", ["int8", "int16"])
@pytest.mark.parametrize("half", [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5])
def test_halves_go_away_from_zero(dtype: str, half: float) -> None:
    away = int(half + (0.5 if half > 0 else -0.5))
    assert quantize([half], spec(dtype, 1.0, 3))[0] == away + 3


def test_the_float_just_below_a_half_is_rounded_down() -> None:
    below = np.nextafter(0.5, 0)
    assert quantize([below, -below], spec("int8", 1.0)).tolist() == [0, 0]


@pytest.mark.parametrize("zero_point", [127, 128])
def test_all_pixels_of_the_classic_input_scale_are_rounded_not_cut(zero_point: int) -> None:
    # A uint8 input of −1 … 1: the real zero lies half-way between 127 and 128.
    tensor = spec("uint8", 1 / 127.5, zero_point)
    real = PIXELS / 127.5 - 1
    quantised = quantize(real, tensor)
    in_range = (real >= (0 - zero_point) / 127.5) & (real <= (255 - zero_point) / 127.5)
    error = np.abs(dequantize(quantised, tensor) - real)
    assert quantised.dtype == np.uint8
    assert error[in_range].max() <= 1 / 127.5 / 2 * (1 + 1e-9)
    assert error.max() <= 1 / 127.5
    # Cutting instead of rounding would be wrong for about half of the pixels.
    cut = np.clip((real / tensor.scale + zero_point).astype(int), 0, 255)
    assert (cut != quantised).sum() > 100


def test_pixels_pass_unchanged_into_a_uint8_input_of_scale_one() -> None:
    assert np.array_equal(quantize(PIXELS, spec("uint8", 1.0)), PIXELS)


def test_pixels_shift_by_the_zero_point_into_an_int8_input() -> None:
    quantised = quantize(PIXELS, spec("int8", 1.0, -128))
    assert quantised.dtype == np.int8
    assert np.array_equal(quantised.astype(int), PIXELS.astype(int) - 128)


def test_a_float_input_takes_the_same_pixel_values() -> None:
    values = quantize(PIXELS, FLOAT)
    assert values.dtype == np.float32
    assert np.array_equal(values, PIXELS)


def test_a_difference_of_two_int8_values_does_not_wrap_round() -> None:
    assert dequantize(np.array([-128], np.int8), spec("int8", 0.5, 127))[0] == -127.5


def test_an_output_of_another_type_is_refused() -> None:
    with pytest.raises(TensorMismatchError, match="dtype=int8"):
        dequantize(np.zeros(1, np.int8), spec("uint8", 1.0))


@pytest.mark.parametrize(
    ("dtype", "scale", "shape"),
    [
        ("int32", 1.0, (1,)),
        ("uint8", 0.0, (1,)),
        ("uint8", -1.0, (1,)),
        ("float32", 1.0, (1,)),
        ("float32", 0.0, ()),
        ("float32", 0.0, (1, 0)),
        ("float32", 0.0, (-1, 3)),
    ],
)
def test_impossible_tensors_are_refused(dtype: str, scale: float, shape: tuple[int, ...]) -> None:
    with pytest.raises(CardSchemaError):
        TensorSpec(dtype=dtype, shape=shape, scale=scale, zero_point=0)
