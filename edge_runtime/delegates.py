"""Accelerators: what they are called, and the library that drives each."""

import ctypes
import platform
import re

from edge_runtime.errors import DelegateUnavailableError

DELEGATES = ("cpu", "edgetpu")
# How libedgetpu names a device: usb, usb:0, pci or pci:0.
EDGETPU_DEVICES = "usb, usb:0, pci or pci:0"
EDGETPU_OPERATOR = "edgetpu-custom-op"

_EDGETPU_LIBRARIES = {
    "Linux": "libedgetpu.so.1",
    "Darwin": "libedgetpu.1.dylib",
    "Windows": "edgetpu.dll",
}
_EDGETPU_INSTALL = "https://coral.ai/docs/accelerator/get-started"
_EDGETPU_DEVICE = re.compile(r"(usb|pci)(:\d{1,2})?")


def split_delegate(delegate: str) -> tuple[str, str]:
    """The delegate and the device that a word such as ``usb:0`` names, as in ``edgetpu, usb:0``.

    The device is empty where none is named: libedgetpu then takes the first that it finds.

    Raises:
        DelegateUnavailableError: If the word names none.
    """
    if delegate in DELEGATES:
        return delegate, ""
    if _EDGETPU_DEVICE.fullmatch(delegate):
        return "edgetpu", delegate
    raise DelegateUnavailableError(
        f"expected {', '.join(DELEGATES)}, or a device of an Edge TPU: {EDGETPU_DEVICES}. "
        f"Received: delegate={delegate!r}"
    )


def edgetpu_library() -> str:
    """File name of the Edge TPU library on this system."""
    return _EDGETPU_LIBRARIES.get(platform.system(), _EDGETPU_LIBRARIES["Linux"])


def edgetpu_library_problem() -> str | None:
    """Why the Edge TPU library cannot be loaded, or None if it can."""
    try:
        ctypes.CDLL(edgetpu_library())
    except OSError as error:
        return str(error)
    return None


def require_edgetpu_library() -> str:
    """Name of the Edge TPU library, once it is known to load.

    Raises:
        DelegateUnavailableError: If it does not.
    """
    problem = edgetpu_library_problem()
    if problem is not None:
        raise DelegateUnavailableError(
            f"expected the Edge TPU library {edgetpu_library()}. Received: {problem}. "
            f"Install it ({_EDGETPU_INSTALL}) and plug in the Coral, or use the int8 variant."
        )
    return edgetpu_library()
