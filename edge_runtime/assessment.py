"""What the device says about one picture."""

import enum
from dataclasses import dataclass

from edge_runtime.contract.card import ModelCard


class Decision(enum.StrEnum):
    """What should happen next with the lesion or its picture."""

    REFER = "REFER"
    NO_REFERRAL = "NO_REFERRAL"
    RETAKE = "RETAKE"


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """Score and decision of one picture.

    Attributes:
        decision: ``RETAKE`` if the picture is not fit to be scored.
        score: Calibrated score of the positive label in [0, 1]; None for ``RETAKE``.
        logit: The network's output; None for ``RETAKE``.
        reasons: Why, in words.
        preprocess_ms: Decoding, turning and resizing.
        invoke_ms: Inference alone.
        latency_ms: From encoded picture to decision.
        model: Name on the card.
        variant: Numeric form of the model.
        runtime: Package and version that computed.
        delegate: ``cpu`` or ``edgetpu``.
        fallback: Why another file than the one that was opened computed this, with the name of
            that one; None if the opened one did. ``model`` names the file that computed.
        picture_sha256: Of the encoded picture, or of a frame's pixels.
        frame_age_ms: How old a camera's frame was when it was taken up; None for a file.
        card: Of the file that computed.
    """

    decision: Decision
    score: float | None
    logit: float | None
    reasons: tuple[str, ...]
    preprocess_ms: float
    invoke_ms: float
    latency_ms: float
    model: str
    variant: str
    runtime: str
    delegate: str
    fallback: str | None = None
    picture_sha256: str = ""
    frame_age_ms: float | None = None
    card: ModelCard | None = None
