"""Errors of a download; the root of the tree is in ``edge_runtime.errors``.

DatasetError [edge_runtime.errors]   exit 4
└─ DownloadError
   └─ DiskError                      ends the download at once
"""

from edge_runtime.errors import DatasetError


class DownloadError(DatasetError):
    """A source does not give what it should, or not at all."""


class DiskError(DownloadError):
    """What was fetched cannot be written; further pictures would fail the same way."""
