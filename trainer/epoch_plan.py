"""Which pictures an epoch shows, in which order and in which view."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.int_]
IMBALANCES = ("class-weights", "balanced-sampling")
# With balanced sampling a malignant picture comes so often in an epoch, each time in another view.
_MALIGNANT_REPEATS = 3


@dataclass(frozen=True, kw_only=True)
class EpochPlan:
    """Fixes the course of every epoch from the seed alone.

    Attributes:
        labels: 0 or 1 of all pictures (n,).
        train: Indices of the training pictures.
        imbalance: One of :data:`IMBALANCES`.
        views: Stored augmented views of a picture; 0: each epoch makes new ones.
        seed: Of the run.
    """

    labels: npt.NDArray[np.int_]
    train: Indices
    imbalance: str
    views: int
    seed: int

    @property
    def length(self) -> int:
        """Pictures of an epoch."""
        return len(self._chosen(np.random.default_rng(self.seed)))

    @property
    def class_weights(self) -> tuple[float, float]:
        """Weights of classes 0 and 1 that make both count alike in an epoch; mean 1."""
        labels = self.labels[self._chosen(np.random.default_rng(self.seed))]
        return 0.5 / float(np.mean(labels == 0)), 0.5 / float(np.mean(labels == 1))

    @property
    def logit_shift(self) -> float:
        """What weights and sampling add to the logit, against the share of class 1 in ``train``.

        King and Zeng 2001, "Logistic Regression in Rare Events Data": the log odds of the
        balanced classes are 0, those of the pictures are log(p / (1 - p)).
        """
        share = float(np.mean(self.labels[self.train]))
        return float(np.log((1 - share) / share))

    def sample(self, count: int) -> Indices:
        """Indices of about ``count`` training pictures, each class in its share, sorted."""
        step = max(1, len(self.train) // count)
        labels = self.labels[self.train]
        return np.sort(np.concatenate([self.train[labels == value][::step] for value in (0, 1)]))

    def batches(self, epoch: int, size: int) -> Iterator[tuple[Indices, Indices]]:
        """Indices and views of the pictures in each batch of an epoch, 0 the first."""
        rng = np.random.default_rng([self.seed, epoch])
        chosen = self._chosen(rng)
        order = rng.permutation(len(chosen))
        views = self._views(chosen, epoch)
        for start in range(0, len(order), size):
            batch = order[start : start + size]
            yield chosen[batch], views[batch]

    def _chosen(self, rng: np.random.Generator) -> Indices:
        if self.imbalance == "class-weights":
            return self.train
        malignant = self.train[self.labels[self.train] == 1]
        benign = self.train[self.labels[self.train] == 0]
        repeated = np.tile(malignant, _MALIGNANT_REPEATS)
        drawn = rng.choice(benign, min(len(benign), 2 * len(repeated)), replace=False)
        return np.concatenate([repeated, drawn])

    def _views(self, chosen: Indices, epoch: int) -> Indices:
        """Another view at each showing of a picture."""
        repeats = np.ones(len(chosen), int)
        if self.imbalance == "balanced-sampling":
            repeats[self.labels[chosen] == 1] = _MALIGNANT_REPEATS
        showing = epoch * repeats + _occurrence(chosen)
        if self.views == 0:
            return showing + 1
        start = np.random.default_rng(self.seed).integers(self.views + 1, size=len(self.labels))
        return (start[chosen] + showing) % (self.views + 1)


def _occurrence(values: Indices) -> Indices:
    """How many times each value came before it, as in 0 0 1 0 2 for a b b… → a b a c a."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    new = np.r_[True, ordered[1:] != ordered[:-1]]
    first = np.maximum.accumulate(np.where(new, np.arange(len(values)), 0))
    result = np.empty(len(values), int)
    result[order] = np.arange(len(values)) - first
    return result
