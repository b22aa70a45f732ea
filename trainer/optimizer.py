"""AdamW for fine-tuning: slower the deeper a block lies, warm-up and cosine, averaged weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

WARM_UP_SHARE = 0.1
# Each block learns this much slower than the one above it (Howard and Ruder 2018,
# arXiv:1801.06146, use 1 / 2.6 for language models; blocks of an image network differ less).
BLOCK_DECAY = 0.7
WEIGHT_DECAY = 1e-3


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How fast and how long.

    Attributes:
        learning_rate: Of the head and the last block, after warm-up.
        steps: Batches in all epochs together.
        averaging: Share of the old average that stays at each step; its memory is about
            1 / (1 - averaging) steps.
    """

    learning_rate: float
    steps: int
    averaging: float


def build_optimizer(keras: Any, schedule: Schedule, factors: Sequence[float]) -> Any:
    """AdamW whose learning rate is scaled for each variable.

    Args:
        keras: The keras package.
        schedule: How fast and how long.
        factors: Factor of the learning rate of each variable, in the order they are built in.
    """

    class BlockwiseAdamW(keras.optimizers.AdamW):  # type: ignore[misc]
        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            factor = factors[self._get_variable_index(variable)]
            super().update_step(gradient, variable, learning_rate * factor)

    warm_up = max(1, round(schedule.steps * WARM_UP_SHARE))
    rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=schedule.learning_rate / 100,
        decay_steps=max(1, schedule.steps - warm_up),
        alpha=0.01,
        warmup_target=schedule.learning_rate,
        warmup_steps=warm_up,
    )
    optimizer = BlockwiseAdamW(
        rate,
        weight_decay=WEIGHT_DECAY,
        use_ema=True,
        ema_momentum=schedule.averaging,
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "beta", "gamma"])
    return optimizer
