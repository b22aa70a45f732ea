"""Several frames of one lesion: one decision, or none where they disagree."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from edge_runtime.assessment import Assessment, Decision
from edge_runtime.contract.card import ModelCard
from edge_runtime.contract.operating_point import score_from_logit

UNSTABLE = "UNSTABLE"


def join_burst(assessments: Sequence[Assessment], card: ModelCard) -> Assessment:
    """The assessment of a burst: by its median logit, or ``RETAKE``.

    It is taken again if most frames have to be, for their reasons; or, as ``UNSTABLE``, if the
    scores of the others lie on both sides of the operating point. Digest, age and times of one
    frame are those of the frame with the median logit, or the nearest to it.

    Args:
        assessments: One a frame, at least one.
        card: Of the file that computed them.
    """
    scored = [one for one in assessments if one.logit is not None]
    if 2 * len(scored) <= len(assessments):
        unfit = next(one for one in assessments if one.logit is None)
        return dataclasses.replace(unfit, latency_ms=_total(assessments))
    if len(assessments) == 1:
        return assessments[0]
    logits = [one.logit for one in scored if one.logit is not None]
    median, point = float(np.median(logits)), card.operating_point
    score = score_from_logit(median, card.temperature)
    ends = [score_from_logit(end, card.temperature) for end in (min(logits), max(logits))]
    spread = f"{len(logits)} frames, scores {ends[0]:.3f} to {ends[1]:.3f}"
    decisions = {one.decision for one in scored}
    if len(decisions) == 1:
        (decision,) = decisions
        relation = "at or above" if decision is Decision.REFER else "below"
        reason = f"median score {score:.3f} is {relation} the threshold {point.threshold:.3f}"
        kept_score: float | None = score
    else:
        decision, kept_score = Decision.RETAKE, None
        reason = (
            f"{UNSTABLE}: the frames lie on both sides of the threshold {point.threshold:.3f}; "
            "hold still, focus and take it again"
        )
    nearest = _nearest(scored, median)  # its digest and times stand for the burst
    return dataclasses.replace(
        nearest,
        decision=decision,
        score=kept_score,
        logit=None if kept_score is None else median,
        reasons=(reason, spread, *nearest.reasons[1:]),
        latency_ms=_total(assessments),
    )


def _nearest(scored: Sequence[Assessment], logit: float) -> Assessment:
    return min(scored, key=lambda one: abs((one.logit or 0.0) - logit))


def _total(assessments: Sequence[Assessment]) -> float:
    return sum(one.latency_ms for one in assessments)
