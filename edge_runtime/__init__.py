"""Runs a card-carrying TFLite model on a Raspberry Pi, a Coral or a desktop, without TensorFlow."""

import importlib
from typing import TYPE_CHECKING, Any

from edge_runtime.errors import MelanomaError
from edge_runtime.version import __version__ as __version__

if TYPE_CHECKING:
    from edge_runtime.assessment import Assessment, Decision
    from edge_runtime.classifier import LesionClassifier
    from edge_runtime.parallel import ParallelClassifier

__all__ = ["Assessment", "Decision", "LesionClassifier", "MelanomaError", "ParallelClassifier"]

# Loaded when first asked for: who needs an error class or the contract does not pay for the rest.
_MODULES = {
    "Assessment": "assessment",
    "Decision": "assessment",
    "LesionClassifier": "classifier",
    "ParallelClassifier": "parallel",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
