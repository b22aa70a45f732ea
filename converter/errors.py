"""Errors of the conversion; the root of the tree is in ``edge_runtime.errors``.

ConversionError                      exit 6
├─ CalibrationError                  too few or unusable calibration pictures
└─ ParityError                       a variant does not compute what the Keras model computes
"""

from edge_runtime.errors import MelanomaError


class ConversionError(MelanomaError):
    """A variant could not be made."""

    exit_code = 6


class CalibrationError(ConversionError):
    """The calibration pictures cannot set the integer ranges."""


class ParityError(ConversionError):
    """A converted file is too far from the model it came from."""
