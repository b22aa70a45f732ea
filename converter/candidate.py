"""A flatbuffer on trial: run on the validation pictures and judged, not yet published."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from converter.comparison import Calibrated, Comparison, calibrate_logits, compare, labels_of
from converter.gate import Finding, Gate, judge, passed
from converter.parity import Parity, measure_parity, require_float_parity
from converter.run_folder import RunFolder
from converter.shared_runners import load_runners
from converter.variants import Recipe
from edge_runtime.runner import RunnerInfo


@dataclass(frozen=True, kw_only=True, eq=False)
class Candidate:
    """A flatbuffer and what came of it on the validation pictures.

    Attributes:
        flatbuffer: Its bytes.
        kept_float: Scopes of the layers that were kept in float to rescue it.
        parity: Its logits beside the Keras model's.
        calibrated: Its own temperature and operating point.
        comparison: With the float model.
        findings: How it stands to the gate.
        info: What computed.
    """

    flatbuffer: bytes
    kept_float: tuple[str, ...]
    parity: Parity
    calibrated: Calibrated
    comparison: Comparison
    findings: tuple[Finding, ...]
    info: RunnerInfo

    @property
    def passed(self) -> bool:
        """Whether it may be published."""
        return passed(self.findings)


def try_candidate(
    flatbuffer: bytes,
    recipe: Recipe,
    run: RunFolder,
    gate: Gate,
    folder: Path,
    *,
    kept_float: Sequence[str] = (),
) -> Candidate:
    """Run a flatbuffer on the validation pictures through the device's code, and judge it.

    Args:
        flatbuffer: What the recipe built.
        recipe: How it was made.
        run: The run folder; the reference is its Keras model at its own operating point.
        gate: What it has to pass.
        folder: Where the file may lie while it runs.
        kept_float: Scopes of layers kept in float.

    Raises:
        ParityError: If a float variant computes something else than the Keras model.
    """
    path = folder / f"{run.draft.name}_{recipe.variant}.unsealed"
    path.write_bytes(flatbuffer)
    pictures = run.split("valid")
    try:
        runners = load_runners(path)
        parity = measure_parity(runners, run, pictures, f"{recipe.variant} on validation pictures")
    finally:
        path.unlink(missing_ok=True)
    if recipe.parity_tolerance is not None:
        require_float_parity(parity, recipe.variant, recipe.parity_tolerance)
    draft = run.draft
    labels = labels_of(pictures, draft.labels.positive)
    calibrated = calibrate_logits(parity.logits, labels, draft.operating_point)
    reference = Calibrated(
        logits=parity.keras_logits, temperature=draft.temperature, point=draft.operating_point
    )
    comparison = compare(reference, calibrated, pictures, draft.labels.positive)
    return Candidate(
        flatbuffer=flatbuffer,
        kept_float=tuple(kept_float),
        parity=parity,
        calibrated=calibrated,
        comparison=comparison,
        findings=judge(gate, comparison),
        info=runners[0].info,
    )
