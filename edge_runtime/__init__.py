"""Runs a card-carrying TFLite model on a Raspberry Pi, a Coral or a desktop, without TensorFlow."""

from edge_runtime.assessment import Assessment, Decision
from edge_runtime.classifier import LesionClassifier
from edge_runtime.errors import MelanomaError

__all__ = ["Assessment", "Decision", "LesionClassifier", "MelanomaError"]
