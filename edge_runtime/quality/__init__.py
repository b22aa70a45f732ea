"""Checks before scoring: reasons why a picture should be taken again."""

from edge_runtime.quality.gate import PictureQuality, examine

__all__ = ["PictureQuality", "examine"]
