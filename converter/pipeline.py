"""From a run folder to a folder of sealed variants."""

import importlib.metadata
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import PIL

from converter.calibration import CalibrationSet, load_calibration
from converter.candidate import Candidate, try_candidate
from converter.edgetpu_variant import publish_edgetpu
from converter.errors import EdgeTpuCompileError
from converter.export import converter_versions, export_float32, load_static_model
from converter.finalize import ExportedVariant, publish_variant
from converter.gate import Gate
from converter.gate_report import GATE_SUFFIX, gate_report
from converter.manifest import describe_file
from converter.parity import require_scores_of_model
from converter.quantize import measure_ranges, quantizer_version
from converter.ranges import TensorRanges
from converter.rescue import Rescue, rescue
from converter.run_folder import TFLITE_MODEL_FILE, RunFolder, open_run
from converter.variants import RECIPES, FloatSource, Recipe
from edge_runtime.console import log, require_absent
from edge_runtime.contract.manifest import SCORES_FILE
from edge_runtime.version import __version__

EXPORT_FILE, CALIBRATION_FILE = "export.json", "calibration.csv"


@dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """How to export.

    Attributes:
        recipes: The variants to make.
        gate: What each has to pass.
        rescue_layers: How many layers an integer variant that fails may keep in float.
        calibration_pictures: How many training pictures set the integer ranges.
        range_method: One of ``ranges.METHODS``.
    """

    recipes: tuple[Recipe, ...]
    gate: Gate
    rescue_layers: int
    calibration_pictures: int
    range_method: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """What came of one variant.

    Attributes:
        recipe: How it was made.
        candidate: As it was published or refused.
        saved: What was tried to save it; None where it passed at once.
        published: The file; None where it was refused, or could not be compiled.
        problem: Why it could not be compiled; None where it was, or need not be.
    """

    recipe: Recipe
    candidate: Candidate
    saved: Rescue | None
    published: ExportedVariant | None
    problem: str | None = None

    def lying_in(self, folder: Path) -> "Outcome":
        """The same, its file in another folder."""
        if self.published is None:
            return self
        moved = replace(self.published, path=folder / self.published.path.name)
        return replace(self, published=moved)


def export_run(
    run_path: Path, out: Path, options: ExportOptions, *, data: Path | None = None
) -> list[Outcome]:
    """Make the variants of a trained model in a new folder.

    The folder gets its name when it is whole. Beside the variants it holds a gate report of each,
    ``scores.csv`` (split and Keras logits, for the benchmarks), ``calibration.csv`` and
    ``export.json``. A variant that the gate refuses leaves its report only.

    Args:
        run_path: What ``melanoma-train fit`` wrote.
        out: The folder to make.
        options: How.
        data: Where the run's pictures lie now, if they were moved.

    Raises:
        OutputExistsError: If ``out`` exists.
        ConversionError: If a variant cannot be made, or a float one differs from Keras.
        ContractError, DatasetError: If the run folder, its pictures or a sealed file is unsound.
    """
    require_absent(out)
    run = open_run(run_path, data)
    work = out.with_name(out.name + ".partial")
    try:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        outcomes = _Export(run, options, work).make_all()
        work.rename(out)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return [item.lying_in(out) for item in outcomes]


class _Export:
    def __init__(self, run: RunFolder, options: ExportOptions, work: Path) -> None:
        self._run, self._options, self._work = run, options, work
        self._float32, versions = _float_model(run)
        self._versions = versions | quantizer_version() | _package_versions()
        self._calibration: CalibrationSet | None = None
        self._measured: TensorRanges | None = None
        self._judged: dict[bytes, tuple[Candidate, Rescue | None]] = {}
        self._published: dict[str, ExportedVariant] = {}

    def make_all(self) -> list[Outcome]:
        source = self._source()
        outcomes = [self._make(recipe, source) for recipe in self._options.recipes]
        shutil.copyfile(self._run.path / SCORES_FILE, self._work / SCORES_FILE)
        record = self._record(outcomes)
        _write_json(self._work / EXPORT_FILE, record)
        return outcomes

    def _source(self) -> FloatSource:
        if not any(recipe.calibrated for recipe in self._options.recipes):
            return FloatSource(float32=self._float32)
        calibration = load_calibration(self._run, self._options.calibration_pictures)
        self._calibration = calibration
        self._measured = measure_ranges(self._float32, calibration.pixels)
        calibration.warn_of_outliers(self._measured.outliers(), self._options.range_method)
        calibration.write_manifest(self._work / CALIBRATION_FILE)
        ranges = self._measured.joined(self._options.range_method)
        return FloatSource(float32=self._float32, ranges=ranges)

    def _make(self, recipe: Recipe, source: FloatSource) -> Outcome:
        candidate, saved = self._judge(recipe, source)
        self._write_report(recipe, candidate, saved)
        published, problem = None, None
        if candidate.passed:
            try:
                published = self._publish(recipe, candidate)
            except EdgeTpuCompileError as error:
                problem = str(error)
        return Outcome(
            recipe=recipe, candidate=candidate, saved=saved, published=published, problem=problem
        )

    def _judge(self, recipe: Recipe, source: FloatSource) -> tuple[Candidate, Rescue | None]:
        def attempt(flatbuffer: bytes, kept: Sequence[str] = ()) -> Candidate:
            gate, work = self._options.gate, self._work
            return try_candidate(flatbuffer, recipe, self._run, gate, work, kept_float=kept)

        flatbuffer = recipe.build(source, ())
        if flatbuffer in self._judged:  # int8 and edgetpu are one flatbuffer
            return self._judged[flatbuffer]
        candidate, saved = attempt(flatbuffer), None
        if not candidate.passed and recipe.calibrated and self._calibration is not None:
            log.info("%s: fails its gate, layers are tried in float", recipe.variant)
            pixels, budget = self._calibration.pixels, self._options.rescue_layers
            saved = rescue(candidate, recipe, source, pixels, budget, attempt)
            candidate = saved.steps[-1]
        self._judged[flatbuffer] = candidate, saved
        return candidate, saved

    def _publish(self, recipe: Recipe, candidate: Candidate) -> ExportedVariant:
        name = "int8" if recipe.compiled else recipe.variant
        if name not in self._published:
            made_by = RECIPES[name]
            self._published[name] = publish_variant(
                candidate, made_by, self._run, self._calibration, self._versions, self._work
            )
        published = self._published[name]
        return publish_edgetpu(published, candidate) if recipe.compiled else published

    def _write_report(self, recipe: Recipe, candidate: Candidate, saved: Rescue | None) -> None:
        reference = self._run.draft.operating_point
        report = gate_report(recipe.variant, candidate, reference, self._options.gate, saved)
        name = f"{self._run.draft.name}_{recipe.variant}{GATE_SUFFIX}"
        _write_json(self._work / name, report)

    def _record(self, outcomes: Sequence[Outcome]) -> dict[str, Any]:
        record: dict[str, Any] = {
            "name": self._run.draft.name,
            "validation_pictures": len(self._run.split("valid")),
            "variants": {item.recipe.variant: describe(item) for item in outcomes},
            "versions": self._versions,
        }
        if self._measured is not None and self._calibration is not None:
            joined = self._measured.joined(self._options.range_method)
            record["ranges"] = {
                "method": self._options.range_method,
                "pictures": len(self._calibration.pictures),
                "list_sha256": self._calibration.sha256,
                "tensors": {name: list(ends) for name, ends in sorted(joined.items())},
            }
        return record


def _float_model(run: RunFolder) -> tuple[bytes, dict[str, str]]:
    """The float32 flatbuffer, and the versions of what wrote it."""
    if run.model.name == TFLITE_MODEL_FILE:
        return run.model.read_bytes(), {}
    model = load_static_model(run.model, run.draft.preprocessing.size_hw)
    require_scores_of_model(model, run.data, run.split("valid"), run.draft.preprocessing)
    log.info("float32: converting")
    return export_float32(model), converter_versions()


def describe(item: Outcome) -> dict[str, Any]:
    """A variant's figures as plain JSON types."""
    candidate, point = item.candidate, item.candidate.calibrated.point
    described: dict[str, Any] = {
        "published": item.published is not None,
        "problem": item.problem,
        "recipe": item.recipe.words,
        "engine": item.recipe.engine,
        "temperature": candidate.calibrated.temperature,
        "threshold": point.threshold,
        "max_logit_difference": candidate.parity.max_difference,
        "mean_logit_difference": candidate.parity.mean_difference,
        "flips": len(candidate.comparison.flips),
        "ece": candidate.comparison.ece,
        "layers_in_float": len(candidate.kept_float),
        "validation": {n: value.as_dict() for n, value in candidate.comparison.figures.items()},
        "changes": {n: value.as_dict() for n, value in candidate.comparison.changes.items()},
    }
    if item.published is not None:
        described |= describe_file(item.published.path, item.published.card.model_sha256)
    return described


def _package_versions() -> dict[str, str]:
    return {
        "ai-edge-litert": importlib.metadata.version("ai-edge-litert"),
        "melanoma-edge": __version__,
        "pillow": PIL.__version__,
    }


def _write_json(path: Path, record: dict[str, Any]) -> None:
    text = json.dumps(record, indent=2, sort_keys=True) + "\n"
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
