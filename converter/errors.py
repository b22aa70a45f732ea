"""Errors of the conversion; the root of the tree is in ``edge_runtime.errors``.

ConversionError                      exit 6
├─ CalibrationError                  too few or unusable calibration pictures
├─ ParityError                       a variant does not compute what the Keras model computes
├─ UnsupportedOperatorError          a layer has no TFLite operator
├─ GateError                         a variant lost too much accuracy to be published
└─ EdgeTpuCompileError               edgetpu_compiler is missing, or made no usable file

ContractError [edge_runtime.errors]  exit 3
└─ TargetRefusesError                a device or runtime cannot run this file
"""

from edge_runtime.errors import ContractError, MelanomaError


class ConversionError(MelanomaError):
    """A variant could not be made."""

    exit_code = 6


class CalibrationError(ConversionError):
    """The calibration pictures cannot set the integer ranges."""


class ParityError(ConversionError):
    """A converted file is too far from the model it came from."""


class UnsupportedOperatorError(ConversionError):
    """A layer of the model has no TFLite operator."""


class GateError(ConversionError):
    """A variant lost too much accuracy to be published."""


class EdgeTpuCompileError(ConversionError):
    """The Edge TPU compiler is missing, or made no file that is worth publishing."""


class TargetRefusesError(ContractError):
    """A device or runtime cannot run this file."""
