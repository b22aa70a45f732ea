"""Whether plots can be drawn here."""

import importlib.util

from edge_runtime.errors import MissingDependencyError


def require_matplotlib() -> None:
    """Make sure, before anything is measured, that the result can be drawn.

    Raises:
        MissingDependencyError: If matplotlib is not installed.
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise MissingDependencyError(
            "expected matplotlib for the plot. Received: no matplotlib package. "
            'Install it with: pip install "melanoma-edge[bench]"'
        )
