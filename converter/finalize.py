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

RUNTIME = "ai-edge-litert"  # the one that has both kernel families
_THREADS = 2
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
        runner = load_runner(unsealed, runtime=RUNTIME, threads=_THREADS)
        builtin = load_runner(unsealed, runtime=RUNTIME, optimized=False, threads=_THREADS)
        parity = measure_parity(runner, run, run.split("valid"), f"{recipe.variant} parity")
        if recipe.parity_tolerance is not None:
            require_float_parity(parity, recipe.variant, recipe.parity_tolerance)
        pictures = draw_golden_pictures()
        difference = _family_difference(run, builtin, parity) if recipe.quantised else None
        golden = make_golden_set(
            pictures, run.draft.preprocessing, (runner, builtin), family_difference=difference
        )
        card, metrics = _complete_card(run, recipe, runner, parity, golden, calibration, versions)
    finally:
        unsealed.unlink(missing_ok=True)
    write_sealed(path, flatbuffer, card, pictures)
    with LesionClassifier.open(path, runtime=RUNTIME) as classifier:
        size = path.stat().st_size
        return ExportedVariant(
            path=path, card=classifier.card, size_bytes=size, parity=parity, metrics=metrics
        )


def _family_difference(run: RunFolder, builtin: Runner, parity: Parity) -> float:
    """How far the built-in kernels lie from XNNPACK on real pictures: largest |Δlogit|."""
    pictures = run.split("valid")[:_FAMILY_PICTURES]
    others = measure_parity(builtin, run, pictures, "other kernels")
    return float(np.abs(others.logits - parity.logits[: len(pictures)]).max())


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
        conversion=_conversion_record(recipe, parity, calibration, versions),
        golden=golden,
        notice=NOTICE,
    )
    return card, metrics


def _conversion_record(
    recipe: Recipe,
    parity: Parity,
    calibration: CalibrationSet | None,
    versions: Mapping[str, str],
) -> ConversionRecord:
    used = calibration if recipe.quantised else None
    return ConversionRecord(
        engine="tensorflow lite converter",
        recipe=recipe.words,
        versions=dict(versions),
        calibration_pictures=len(used.pictures) if used else 0,
        calibration_sha256=used.sha256 if used else "",
        parity_pictures=len(parity.logits),
        parity_max_logit_difference=parity.max_difference,
    )
