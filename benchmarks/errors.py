"""Errors of the benchmarks, below those of the edge."""

from edge_runtime.errors import MelanomaError


class BenchmarkError(MelanomaError):
    """A figure lies outside its tolerance, or results cannot be compared or joined."""

    exit_code = 7
