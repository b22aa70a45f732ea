"""Completes one variant: parity, temperature, operating point, golden cases, card, seal."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from converter.calibration import CalibrationSet
from converter.golden_cases import draw_golden_pictures, make_golden_set
from converter.parity import Parity, measure_parity, require_float_parity
from converter.run_folder import RunFolder
from converter.variants import Recipe
from edge_runtime.classifier import LesionClassifier
from edge_runtime.contract.card import NOTICE, SCHEMA_VERSION, ConversionRecord, ModelCard
from edge_runtime.contract.embed import write_sealed
from edge_runtime.contract.golden import GoldenSet
from edge_runtime.contract.operating_point import choose_operating_point, scores_from_logits
from edge_runtime.evaluation import Estimate, bootstrap_metrics, fit_temperature
from edge_runtime.interpreter import load_runner
from edge_runtime.runner import Runner

_FAMILY_PICTURES = 48  # enough to see how far kernel families lie apart; built-in ones are slow


@dataclass(frozen=True, kw_only=True)
class ExportedVariant:
    """A published file and how it compares.

    Attributes:
        path: The sealed file.
        card: Its card.
        size_bytes: Of the sealed file.
        parity: On the validation pictures.
        metrics: On the validation pictures, at its own operating point.
    """

    path: Path
    card: ModelCard
    size_bytes: int
    parity: Parity
    metrics: dict[str, Estimate]


def publish_variant(
    flatbuffer: bytes,
    recipe: Recipe,
    run: RunFolder,
    calibration: CalibrationSet | None,
    versions: Mapping[str, str],
    folder: Path,
) -> ExportedVariant:
    """Measure a flatbuffer on the validation pictures, give it its card and seal it.

    The sealed file is opened as a device opens it, golden cases included, before this returns.

    Raises:
        ParityError: If a float variant differs from the Keras model.
        ContractError: If the sealed file cannot be read back.
    """
    path = folder / f"{run.draft.name}_{recipe.variant}.tflite"
    unsealed = path.with_suffix(".unsealed")
    unsealed.write_bytes(flatbuffer)
    try:
        runner = load_runner(unsealed, runtime="ai-edge-litert", threads=2)
        builtin = load_runner(unsealed, runtime="ai-edge-litert", optimized=False, threads=2)
        parity = measure_parity(runner, run, run.split("valid"), f"{recipe.variant} parity")
        if not recipe.quantised:
            require_float_parity(parity, recipe.variant)
        golden = _golden_set(run, (runner, builtin), parity, quantised=recipe.quantised)
        card, metrics = _complete_card(run, recipe, runner, parity, golden, calibration, versions)
    finally:
        unsealed.unlink(missing_ok=True)
    write_sealed(path, flatbuffer, card, draw_golden_pictures().files)
    with LesionClassifier.open(path, runtime="ai-edge-litert") as classifier:
        return ExportedVariant(
            path=path,
            card=classifier.card,
            size_bytes=path.stat().st_size,
            parity=parity,
            metrics=metrics,
        )


def _golden_set(
    run: RunFolder, runners: tuple[Runner, Runner], parity: Parity, *, quantised: bool
) -> GoldenSet:
    """Golden cases, their tolerance from how far the two families lie apart on real pictures."""
    difference = 0.0
    if quantised:
        pictures = run.split("valid")[:_FAMILY_PICTURES]
        builtin = measure_parity(runners[1], run, pictures, "other kernels")
        difference = float(np.abs(builtin.logits - parity.logits[: len(pictures)]).max())
    return make_golden_set(
        draw_golden_pictures(),
        run.draft.preprocessing,
        runners,
        quantised=quantised,
        family_difference=difference,
    )


def _complete_card(
    run: RunFolder,
    recipe: Recipe,
    runner: Runner,
    parity: Parity,
    golden: GoldenSet,
    calibration: CalibrationSet | None,
    versions: Mapping[str, str],
) -> tuple[ModelCard, dict[str, Estimate]]:
    draft, pictures = run.draft, run.split("valid")
    labels = np.array([int(picture.label == draft.labels.positive) for picture in pictures])
    temperature = fit_temperature(parity.logits, labels)
    scores = scores_from_logits(parity.logits, temperature)
    wanted = draft.operating_point
    point = choose_operating_point(labels, scores, rule=wanted.rule, target=wanted.target)
    groups = np.array([picture.group for picture in pictures])
    metrics = bootstrap_metrics(labels, scores, point.threshold, groups=groups)
    used = calibration if recipe.quantised else None
    card = ModelCard(
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
        temperature=temperature,
        operating_point=point,
        training=draft.training,
        conversion=ConversionRecord(
            engine="tensorflow lite converter",
            recipe=recipe.words,
            versions=dict(versions),
            calibration_pictures=len(used.pictures) if used else 0,
            calibration_sha256=used.sha256 if used else "",
            parity_pictures=len(pictures),
            parity_max_logit_difference=parity.max_difference,
        ),
        golden=golden,
        notice=NOTICE,
    )
    return card, metrics
