"""Between real values and the integers of a quantised tensor: round, clip, cast.

The affine map is ``real = scale × (quantised − zero_point)`` (TFLite quantisation specification).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import CardSchemaError, TensorMismatchError

_INTEGER_DTYPES = ("uint8", "int8", "int16")
_DTYPES = (*_INTEGER_DTYPES, "float32")


@dataclass(frozen=True, kw_only=True)
class TensorSpec:
    """Type of a model's input or output tensor.

    Attributes:
        dtype: ``uint8``, ``int8``, ``int16`` or ``float32``.
        shape: Static shape, batch first.
        scale: Real value of one step; 0.0 for a float tensor.
        zero_point: Integer that stands for the real value 0.
    """

    dtype: str
    shape: tuple[int, ...]
    scale: float
    zero_point: int

    def __post_init__(self) -> None:
        quantised = self.dtype in _INTEGER_DTYPES
        if self.dtype not in _DTYPES or (self.scale > 0) != quantised or self.scale < 0:
            raise CardSchemaError(
                f"a tensor is one of {_DTYPES}, with a positive scale exactly where it is an "
                f"integer. Received: dtype={self.dtype!r}, scale={self.scale}"
            )
        if not self.shape or min(self.shape) < 1:
            raise CardSchemaError(f"a tensor's shape must be static. Received: shape={self.shape}")


def quantize(values: npt.ArrayLike, spec: TensorSpec) -> npt.NDArray[np.generic]:
    """Real values as the tensor's integers: halves rounded away from zero, clipped, cast.

    Args:
        values: Real values of any shape.
        spec: The tensor they are for; a float tensor gets them as float32.

    Returns:
        Array of ``spec.dtype`` and the shape of ``values``.
    """
    real = np.asarray(values)
    dtype = np.dtype(spec.dtype)
    if spec.scale == 0:
        return real.astype(dtype)
    if real.dtype == dtype and spec.scale == 1 and spec.zero_point == 0:
        return real
    steps = real.astype(np.float64) / spec.scale
    # Away from zero is what TFLite's own QUANTIZE kernel does; numpy's rint rounds to even. The
    # fraction is compared, as adding 0.5 would lift the float just below a half.
    whole = np.trunc(steps)
    away = np.copysign(np.abs(steps - whole) >= 0.5, steps)
    rounded = whole + away + spec.zero_point
    limits = np.iinfo(dtype)
    clipped: npt.NDArray[np.generic] = np.clip(rounded, limits.min, limits.max).astype(dtype)
    return clipped


def dequantize(quantised: npt.NDArray[np.generic], spec: TensorSpec) -> npt.NDArray[np.float64]:
    """The real values that the tensor's numbers stand for.

    Args:
        quantised: Array of ``spec.dtype``, any shape.
        spec: The tensor they came from.

    Returns:
        float64 array of the same shape.

    Raises:
        TensorMismatchError: If the array is not of ``spec.dtype``.
    """
    if quantised.dtype != np.dtype(spec.dtype):
        raise TensorMismatchError(
            f"expected a tensor of {spec.dtype}. Received: dtype={quantised.dtype}"
        )
    if spec.scale == 0:
        return quantised.astype(np.float64)
    # Through int64: a difference of two int8 values does not fit into int8.
    return (quantised.astype(np.int64) - spec.zero_point) * np.float64(spec.scale)
