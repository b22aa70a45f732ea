"""Completes a variant that passed: golden cases, card, standard metadata, seal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from converter.calibration import CalibrationSet
from converter.candidate import Candidate
from converter.golden_cases import draw_golden_pictures, make_golden_set
from converter.parity import measure_parity
from converter.run_folder import RunFolder
from converter.shared_runners import RUNTIME, load_runners
from converter.standard_metadata import add_standard_metadata
from converter.variants import Recipe
from edge_runtime.classifier import LesionClassifier
from edge_runtime.contract.card import NOTICE, ConversionRecord, ModelCard
from edge_runtime.contract.card_versions import SCHEMA_VERSION
from edge_runtime.contract.embed import write_sealed
from edge_runtime.contract.golden import GoldenSet
from edge_runtime.contract.quality_limits import CONTRAST_ONLY, DEFAULT_LIMITS
from edge_runtime.runner import Runner

_FAMILY_PICTURES = 32  # enough to see how far kernel families lie apart; built-in ones are slow


@dataclass(frozen=True, kw_only=True, eq=False)
class ExportedVariant:
    """A published file and what was found of it.

    Attributes:
        path: The sealed file.
        card: Its card.
        size_bytes: Of the sealed file.
        candidate: Its run on the validation pictures.
    """

    path: Path
    card: ModelCard
    size_bytes: int
    candidate: Candidate


def publish_variant(
    candidate: Candidate,
    recipe: Recipe,
    run: RunFolder,
    calibration: CalibrationSet | None,
    versions: Mapping[str, str],
    folder: Path,
) -> ExportedVariant:
    """Give a candidate its card, standard metadata and seal.

    The sealed file is opened as a device opens it, golden cases included, before this returns.

    Raises:
        ContractError: If the sealed file cannot be read back.
    """
    path = folder / f"{run.draft.name}_{recipe.variant}.tflite"
    unsealed = path.with_suffix(".unsealed")
    unsealed.write_bytes(candidate.flatbuffer)
    pictures = draw_golden_pictures()
    try:
        runners = load_runners(unsealed)
        builtin = load_runners(unsealed, optimized=False)
        difference = _family_difference(run, builtin, candidate) if recipe.integer else None
        families = (runners, builtin)
        golden = make_golden_set(
            pictures, run.draft.preprocessing, families, family_difference=difference
        )
    finally:
        unsealed.unlink(missing_ok=True)
    card = _complete_card(candidate, recipe, run, runners[0], golden, calibration, versions)
    write_sealed(path, add_standard_metadata(candidate.flatbuffer, card), card, pictures)
    with LesionClassifier.open(path, runtime=RUNTIME) as classifier:
        return ExportedVariant(
            path=path,
            card=classifier.card,
            size_bytes=path.stat().st_size,
            candidate=candidate,
        )


def _family_difference(run: RunFolder, builtin: Sequence[Runner], candidate: Candidate) -> float:
    """How far the built-in kernels lie from XNNPACK on real pictures: largest |Δlogit|."""
    pictures = run.split("valid")[:_FAMILY_PICTURES]
    others = measure_parity(builtin, run, pictures, "other kernels")
    return float(np.abs(others.logits - candidate.parity.logits[: len(pictures)]).max())


def _complete_card(
    candidate: Candidate,
    recipe: Recipe,
    run: RunFolder,
    runner: Runner,
    golden: GoldenSet,
    calibration: CalibrationSet | None,
    versions: Mapping[str, str],
) -> ModelCard:
    draft = run.draft
    return ModelCard(
        schema_version=SCHEMA_VERSION,
        name=f"{draft.name}_{recipe.variant}",
        variant=recipe.variant,
        requires_delegate="cpu",
        model_sha256="0" * 64,  # set when it is sealed
        architecture=draft.architecture,
        preprocessing=draft.preprocessing,
        labels=draft.labels,
        input=runner.input,
        output=runner.output,
        temperature=candidate.calibrated.temperature,
        operating_point=candidate.calibrated.point,
        training=draft.training,
        conversion=_conversion_record(candidate, recipe, calibration, versions),
        golden=golden,
        quality=CONTRAST_ONLY if draft.training.demonstration else DEFAULT_LIMITS,
        notice=NOTICE,
    )


def _conversion_record(
    candidate: Candidate,
    recipe: Recipe,
    calibration: CalibrationSet | None,
    versions: Mapping[str, str],
) -> ConversionRecord:
    used = calibration if recipe.calibrated else None
    kept = len(candidate.kept_float)
    words = f"{recipe.words}; {kept} further layers in float32" if kept else recipe.words
    return ConversionRecord(
        engine=recipe.engine,
        recipe=words,
        versions=dict(versions),
        calibration_pictures=len(used.pictures) if used else 0,
        calibration_sha256=used.sha256 if used else "",
        parity_pictures=len(candidate.parity.logits),
        parity_max_logit_difference=candidate.parity.max_difference,
        measured_on=candidate.info.kernel_family,
        gate=tuple(map(str, candidate.findings)),
    )
