"""Checks before scoring: reasons why a picture should be taken again."""

from edge_runtime.quality.gate import PictureQuality, examine, retake_reasons

__all__ = ["PictureQuality", "examine", "retake_reasons"]
