"""Saves an integer variant that lost too much: the layers that hurt most stay in float.

Layers are ranked by what each costs alone: it is quantised, all others compute in float, and the
logits of real pictures move. Then the worst 1, 2, 4, … are kept in float until the gate opens or
the budget is spent.
"""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from converter.candidate import Candidate
from converter.quantize import layer_scopes, quantize_one_layer
from converter.shared_runners import load_runners, logits_of
from converter.variants import FloatSource, Recipe
from edge_runtime.console import log, progress
from edge_runtime.contract.preprocess import Pixels

RANKING_PICTURES = 8
DEFAULT_BUDGET = 8


@dataclass(frozen=True, kw_only=True)
class LayerCost:
    """What a layer costs when it alone is quantised.

    Attributes:
        scope: What the quantizer calls it.
        mean_difference: Mean |Δlogit| from the float flatbuffer.
    """

    scope: str
    mean_difference: float

    @property
    def name(self) -> str:
        """The end of its scope that tells it apart."""
        first = self.scope.split(";")[0]
        return "/".join(first.split("/")[-2:])


@dataclass(frozen=True, kw_only=True, eq=False)
class Rescue:
    """What was tried to save a variant.

    Attributes:
        ranking: All layers, the costliest first.
        steps: The candidates in the order they were tried, the first with no layer in float.
    """

    ranking: tuple[LayerCost, ...]
    steps: tuple[Candidate, ...]


def rank_layers(source: FloatSource, pictures: Sequence[Pixels]) -> tuple[LayerCost, ...]:
    """Every layer but the last with its cost, the costliest first.

    Args:
        source: The float flatbuffer and the integer ranges.
        pictures: uint8 pixels (H, W, 3) of real pictures; a few are enough.
    """
    scopes = layer_scopes(source.float32)[:-1]
    ranges = source.require_ranges()
    reference = _logits(source.float32, pictures)
    costs = []
    for scope in progress(scopes, len(scopes), "layers ranked"):
        alone = _logits(quantize_one_layer(source.float32, ranges, scope), pictures)
        difference = float(np.abs(alone - reference).mean())
        costs.append(LayerCost(scope=scope, mean_difference=difference))
    return tuple(sorted(costs, key=lambda cost: -cost.mean_difference))


def rescue(
    failed: Candidate,
    recipe: Recipe,
    source: FloatSource,
    pictures: Sequence[Pixels],
    budget: int,
    attempt: Callable[[bytes, Sequence[str]], Candidate],
) -> Rescue:
    """Keep ever more of the worst layers in float until the variant passes.

    Args:
        failed: The variant as it failed.
        recipe: How it is made.
        source: What it is made from.
        pictures: Pixels of calibration pictures, which rank the layers.
        budget: How many layers may stay in float at most.
        attempt: Runs and judges a flatbuffer with these scopes in float.
    """
    steps = [failed]
    if budget == 0:
        return Rescue(ranking=(), steps=(failed,))
    ranking = rank_layers(source, pictures[:: max(1, len(pictures) // RANKING_PICTURES)])
    for count in _counts(min(budget, len(ranking))):
        kept = [cost.scope for cost in ranking[:count]]
        log.info("%s: %d layers in float", recipe.variant, count)
        steps.append(attempt(recipe.build(source, kept), kept))
        if steps[-1].passed:
            break
    return Rescue(ranking=ranking, steps=tuple(steps))


def _counts(budget: int) -> list[int]:
    doubled = [2**power for power in range(budget.bit_length()) if 2**power < budget]
    return [*doubled, budget]


def _logits(
    flatbuffer: bytes, pictures: Sequence[Pixels]
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.tflite"
        path.write_bytes(flatbuffer)
        runners = load_runners(path)
    return np.array(list(logits_of(runners, pictures, lambda pixels: pixels)))
