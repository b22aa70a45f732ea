"""How many queries a percentile needs: the early stopping of MLPerf's SingleStream scenario.

With ``n`` queries, of which the ``t`` slowest are left out, the next slowest is an upper bound of
the percentile ``p`` at confidence ``c`` if so few or fewer queries would lie beyond the percentile
with a chance below ``1 - c``: ``sum(comb(n, x) * (1 - p)**x * p**(n - x), x=0..t) < 1 - c``. As a
count of queries within the percentile that is LoadGen's ``h_min(t)``, of which it takes the
largest ``t`` with ``h_min(t) + t <= n``, at ``c`` = 0.99 and tolerance 0; ``t`` = 1 must be
reached. Sources:
mlcommons/inference, loadgen/early_stopping.cc and loadgen/results.cc (case SingleStream); minimum
time, loadgen/mlperf.conf.
"""

import math
from collections.abc import Sequence

CONFIDENCE = 0.99
PERCENTILES = (0.5, 0.9, 0.99)
MLPERF_MIN_S = 600.0  # *.SingleStream.min_duration


def queries_needed(percentile: float, confidence: float = CONFIDENCE) -> int:
    """The fewest queries that bound a percentile: 64 for 0.9, 662 for 0.99.

    Args:
        percentile: In (0, 1).
        confidence: In (0, 1).
    """
    queries = 2
    while _chance_of_at_most(1, queries, percentile) >= 1 - confidence:
        queries += 1
    return queries


def slowest_left_out(queries: int, percentile: float, confidence: float = CONFIDENCE) -> int | None:
    """The ``t`` of the rule; None if there are too few queries.

    Args:
        queries: How many were measured.
        percentile: In (0, 1).
        confidence: In (0, 1).
    """
    allowed = 1 - confidence
    if queries < 2 or _chance_of_at_most(1, queries, percentile) >= allowed:
        return None
    low, high = 1, queries  # the chance rises with t: low satisfies the rule, high does not
    while high - low > 1:
        middle = (low + high) // 2
        if _chance_of_at_most(middle, queries, percentile) < allowed:
            low = middle
        else:
            high = middle
    return low


def percentile_bound(
    latencies_ms: Sequence[float], percentile: float, confidence: float = CONFIDENCE
) -> float | None:
    """MLPerf's estimate of a percentile, a latency that occurred; None with too few queries.

    Args:
        latencies_ms: Of all queries, in any order.
        percentile: In (0, 1).
        confidence: In (0, 1).
    """
    left_out = slowest_left_out(len(latencies_ms), percentile, confidence)
    return None if left_out is None else sorted(latencies_ms)[len(latencies_ms) - left_out]


def _chance_of_at_most(beyond: int, queries: int, percentile: float) -> float:
    """That at most so many of the queries lie beyond the percentile."""
    within, outside = math.log(percentile), math.log1p(-percentile)
    return math.fsum(
        math.exp(
            math.lgamma(queries + 1)
            - math.lgamma(x + 1)
            - math.lgamma(queries - x + 1)
            + x * outside
            + (queries - x) * within
        )
        for x in range(beyond + 1)
    )
