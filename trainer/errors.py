"""Errors of the training; the root of the tree is in ``edge_runtime.errors``.

DatasetError [edge_runtime.errors]   exit 4
WeightsError                         exit 4
"""

from edge_runtime.errors import DatasetError


class WeightsError(DatasetError):
    """Starting weights cannot be read, or belong to another network."""
