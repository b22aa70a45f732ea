"""Errors of the training; the root of the tree is in ``edge_runtime.errors``.

DatasetError [edge_runtime.errors]   exit 4
├─ WeightsError                      starting weights cannot be read           exit 4
└─ LeakageError                      something lies in more than one split     exit 4
"""

from edge_runtime.errors import DatasetError


class WeightsError(DatasetError):
    """Starting weights cannot be read, or belong to another network."""


class LeakageError(DatasetError):
    """A picture, a lesion or a patient lies in more than one of the given splits."""
