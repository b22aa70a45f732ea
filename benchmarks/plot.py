"""The picture that ``run`` leaves: accuracy against latency."""

import importlib.util
from pathlib import Path

from benchmarks.plot_pareto import plot_pareto
from benchmarks.report_reading import panels_of
from benchmarks.results import Results
from edge_runtime.contract.schema import to_json
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


def plot_accuracy_latency(results: Results, path: Path) -> None:
    """Write ROC-AUC with its interval against the latency of inference, as PNG.

    Raises:
        MissingDependencyError: If matplotlib is not installed.
    """
    require_matplotlib()
    plot_pareto(panels_of(to_json(results)), path)
