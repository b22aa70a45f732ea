"""Results of a camera for people: a line each, as soon as it is known."""

from pathlib import Path

from edge_runtime.assessment import Assessment
from edge_runtime.console import display_name, write_line
from edge_runtime.contract.card import NOTICE, ModelCard
from edge_runtime.errors import MelanomaError
from edge_runtime.runner import RunnerInfo
from edge_runtime.sinks import DEMONSTRATION


class FrameLines:
    """Aligned lines on stdout; what computes stands above them."""

    def __init__(self, card: ModelCard, info: RunnerInfo) -> None:
        """Say what computes, and what it is not."""
        write_line(f"{card.name} on {info.runtime}, {info.delegate}")
        if card.training.demonstration:
            write_line(DEMONSTRATION)
        write_line(NOTICE)

    def assessed(self, source: Path, assessment: Assessment) -> None:
        """Write score, decision, age of the frame, time taken and reasons."""
        score = "–" if assessment.score is None else f"{assessment.score:.3f}"
        times = f"frame {assessment.frame_age_ms or 0:.0f} ms old, {assessment.latency_ms:.0f} ms"
        reasons = "; ".join((*assessment.reasons, *filter(None, [assessment.fallback])))
        name, decision = display_name(source), assessment.decision
        write_line(f"{name:<10}  {score:<5}  {decision:<11}  {times}  {reasons}")

    def failed(self, source: Path, error: MelanomaError) -> None:
        """Write the error."""
        write_line(f"{display_name(source):<10}  –      ERROR        {error}")

    def close(self) -> None:
        """Nothing is held back."""
