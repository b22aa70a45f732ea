"""From a run folder to a folder of sealed variants."""

import importlib.metadata
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import PIL

from converter.calibration import CalibrationSet, load_calibration
from converter.export import StaticModel, converter_versions, load_static_model
from converter.finalize import ExportedVariant, publish_variant
from converter.parity import require_scores_of_model
from converter.run_folder import RunFolder, open_run
from converter.variants import Recipe
from edge_runtime.console import log, package_version, require_absent
from edge_runtime.contract.manifest import SCORES_FILE

EXPORT_FILE, CALIBRATION_FILE = "export.json", "calibration.csv"


def export_run(
    run_path: Path,
    out: Path,
    recipes: Sequence[Recipe],
    *,
    data: Path | None = None,
    calibration_pictures: int = 200,
) -> list[ExportedVariant]:
    """Make the variants of a trained model in a new folder.

    The folder gets its name when it is whole. Beside the variants it holds ``scores.csv`` (split
    and Keras logits, for the benchmarks), ``calibration.csv`` and ``export.json``.

    Args:
        run_path: What ``melanoma-train fit`` wrote.
        out: The folder to make.
        recipes: The variants to make.
        data: Where the run's pictures lie now, if they were moved.
        calibration_pictures: How many training pictures set the integer ranges.

    Raises:
        OutputExistsError: If ``out`` exists.
        ConversionError: If a variant cannot be made, or a float one differs from Keras.
        ContractError, DatasetError: If the run folder, its pictures or a sealed file is unsound.
    """
    require_absent(out)
    run = open_run(run_path, data)
    model = load_static_model(run.model, run.draft.preprocessing.size_hw)
    require_scores_of_model(model, run.data, run.split("valid"), run.draft.preprocessing)
    needed = any(recipe.quantised for recipe in recipes)
    calibration = load_calibration(run, calibration_pictures) if needed else None
    work = out.with_name(out.name + ".partial")
    try:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        exported = _publish_all(run, model, recipes, calibration, work)
        work.rename(out)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return exported


def _publish_all(
    run: RunFolder,
    model: StaticModel,
    recipes: Sequence[Recipe],
    calibration: CalibrationSet | None,
    work: Path,
) -> list[ExportedVariant]:
    exported = []
    for recipe in recipes:
        log.info("%s: converting", recipe.variant)
        flatbuffer = recipe.build(model, calibration)
        exported.append(publish_variant(flatbuffer, recipe, run, calibration, _versions(), work))
    shutil.copyfile(run.path / SCORES_FILE, work / SCORES_FILE)
    if calibration is not None:
        calibration.write_manifest(work / CALIBRATION_FILE)
    record = json.dumps(_export_record(run, exported), indent=2, sort_keys=True) + "\n"
    (work / EXPORT_FILE).write_text(record, encoding="utf-8")
    return exported


def _versions() -> dict[str, str]:
    return converter_versions() | {
        "ai-edge-litert": importlib.metadata.version("ai-edge-litert"),
        "melanoma-edge": package_version(),
        "pillow": PIL.__version__,
    }


def _export_record(run: RunFolder, exported: Sequence[ExportedVariant]) -> dict[str, Any]:
    return {
        "name": run.draft.name,
        "validation_pictures": len(run.split("valid")),
        "variants": {item.card.variant: describe(item) for item in exported},
    }


def describe(item: ExportedVariant) -> dict[str, Any]:
    """A variant's figures as plain JSON types."""
    point = item.card.operating_point
    return {
        "file": item.path.name,
        "size_bytes": item.size_bytes,
        "model_sha256": item.card.model_sha256,
        "temperature": item.card.temperature,
        "threshold": point.threshold,
        "max_logit_difference": item.parity.max_difference,
        "mean_logit_difference": item.parity.mean_difference,
        "validation": {name: value.as_dict() for name, value in item.metrics.items()},
    }
