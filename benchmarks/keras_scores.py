"""The Keras model as a row of the benchmark, from the outputs that the trainer wrote down."""

from collections.abc import Sequence

import numpy as np

from benchmarks.accuracy import Judged, Outcome
from benchmarks.pictures import Selection
from edge_runtime.assessment import Decision
from edge_runtime.contract.card import ModelCard
from edge_runtime.contract.manifest import ScoredPicture
from edge_runtime.contract.operating_point import OperatingPoint, choose_operating_point


def judge_from_scores(selection: Selection, card: ModelCard) -> Judged | None:
    """The Keras model's outcomes on the selected pictures; None where they are not known.

    Its threshold is chosen on its own validation scores by the rule on the card.

    Raises:
        DatasetError: If the scores lack validation pictures of a class.
    """
    pictures = [p for p in selection.pictures if isinstance(p, ScoredPicture)]
    if not pictures:
        return None
    point = _choose_point(selection.scored, card)
    return Judged(
        outcomes=tuple(
            Outcome(
                decision=Decision.REFER if point.refers(picture.score) else Decision.NO_REFERRAL,
                score=picture.score,
                logit=picture.logit,
            )
            for picture in pictures
        ),
        point=point,
    )


def _choose_point(scored: Sequence[ScoredPicture], card: ModelCard) -> OperatingPoint:
    valid = [picture for picture in scored if picture.split == "valid"]
    return choose_operating_point(
        np.array([int(picture.label == card.labels.positive) for picture in valid]),
        np.array([picture.score for picture in valid], dtype=np.float64),
        rule=card.operating_point.rule,
        target=card.operating_point.target,
    )
