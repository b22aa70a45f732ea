"""A tiny model in two variants, its pictures and its scores, made as the converter makes them."""

import hashlib
import io
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from benchmarks.cli import app
from edge_runtime.contract.card import (
    NOTICE,
    Architecture,
    ConversionRecord,
    ModelCard,
    TrainingRecord,
)
from edge_runtime.contract.card_versions import SCHEMA_VERSION
from edge_runtime.contract.embed import write_sealed
from edge_runtime.contract.golden import GoldenCase, GoldenSet
from edge_runtime.contract.labels import Labels
from edge_runtime.contract.manifest import (
    SCORES_FILE,
    ScoredPicture,
    manifest_sha256,
    read_scores,
    write_pictures,
)
from edge_runtime.contract.operating_point import (
    OperatingPoint,
    choose_operating_point,
    scores_from_logits,
)
from edge_runtime.contract.preprocess import Preprocessing, pixels_sha256, preprocess
from edge_runtime.contract.quality_limits import CONTRAST_ONLY
from edge_runtime.interpreter import load_runner
from edge_runtime.self_test import logit_of

TINY = Path(__file__).parents[1] / "data"
PREPROCESSING = Preprocessing(size_hw=(32, 32))
TEMPERATURE = 1.3
KERAS_OFFSET = 0.02
CONVERSION = ConversionRecord(
    engine="tests",
    recipe="none",
    versions={},
    calibration_pictures=0,
    calibration_sha256="",
    parity_pictures=0,
    parity_max_logit_difference=0.0,
    measured_on="xnnpack",
    gate=("auc_drop 0.0000, within 0.01",),
)


def png(seed: int, brightness: float) -> bytes:
    rng = np.random.default_rng(seed)
    pixels = np.clip(rng.normal(brightness, 40, (48, 40, 3)), 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def logits_of(model: Path, pictures: Iterable[bytes], *, optimized: bool = True) -> np.ndarray:
    runner = load_runner(model, optimized=optimized)
    return np.array([logit_of(runner, preprocess(picture, PREPROCESSING)) for picture in pictures])


def _write_pictures(data: Path) -> list[ScoredPicture]:
    """Half as many lesions as pictures; malignant ones are brighter, as the tiny model likes."""
    pictures = []
    for label, brightness in (("benign", 105.0), ("malignant", 135.0)):
        (data / label).mkdir(parents=True)
        for number in range(24):
            lesion = np.random.default_rng([number // 2, len(label)])
            content = png(number + 100 * len(label), brightness + lesion.normal(0, 25))
            file = f"{label}/{number:02d}.png"
            (data / file).write_bytes(content)
            logit = float(logits_of(TINY / "tiny_float32.tflite", [content])[0]) + KERAS_OFFSET
            score = float(scores_from_logits(np.array([logit]), TEMPERATURE)[0])
            pictures.append(
                ScoredPicture(
                    file=file,
                    sha256=hashlib.sha256(content).hexdigest(),
                    label=label,
                    group=f"{label}-{number // 2}",
                    split=("train", "valid", "test")[number // 2 % 3],
                    logit=logit,
                    score=score,
                )
            )
    return pictures


def _golden(model: Path) -> tuple[GoldenSet, dict[str, bytes]]:
    encoded = {f"golden/{i}.png": png(i, 60.0 + 60 * i) for i in range(2)}
    by_family = {
        family: logits_of(model, encoded.values(), optimized=family == "xnnpack")
        for family in ("xnnpack", "builtin")
    }
    cases = tuple(
        GoldenCase(
            file=file,
            file_sha256=hashlib.sha256(content).hexdigest(),
            pixels_sha256=pixels_sha256(preprocess(content, PREPROCESSING)),
            logits={family: float(logits[i]) for family, logits in by_family.items()},
        )
        for i, (file, content) in enumerate(encoded.items())
    )
    return GoldenSet(cases=cases, tolerance={"xnnpack": 1e-3, "builtin": 1e-3}), encoded


def _operating_point(model: Path, data: Path, pictures: list[ScoredPicture]) -> OperatingPoint:
    valid = [picture for picture in pictures if picture.split == "valid"]
    logits = logits_of(model, [(data / picture.file).read_bytes() for picture in valid])
    return choose_operating_point(
        np.array([int(picture.label == "malignant") for picture in valid]),
        scores_from_logits(logits, TEMPERATURE),
        target=0.75,
    )


def _training_record(pictures: list[ScoredPicture], model_sha256: str) -> TrainingRecord:
    return TrainingRecord(
        pictures={},
        grouped_by="lesion",
        leaked_pictures=0,
        imbalance="class weights",
        seed=0,
        split_sha256=manifest_sha256(pictures),
        model_sha256=model_sha256,
        versions={},
        demonstration=True,
    )


def seal_tiny(
    models: Path,
    variant: str,
    data: Path,
    pictures: list[ScoredPicture],
    *,
    model_sha256: str = "a" * 64,
) -> Path:
    model = TINY / f"tiny_{variant}.tflite"
    runner = load_runner(model)
    golden, encoded = _golden(model)
    card = ModelCard(
        schema_version=SCHEMA_VERSION,
        name=f"tiny_none_32_{variant}",
        variant=variant,
        requires_delegate="cpu",
        model_sha256="0" * 64,
        architecture=Architecture(
            backbone="tiny",
            pooled_from="none",
            pooled_middle=False,
            cut="none",
            initial_weights="none",
        ),
        preprocessing=PREPROCESSING,
        labels=Labels(),
        input=runner.input,
        output=runner.output,
        temperature=TEMPERATURE,
        operating_point=_operating_point(model, data, pictures),
        training=_training_record(pictures, model_sha256),
        conversion=CONVERSION,
        quality=CONTRAST_ONLY,
        golden=golden,
        notice=NOTICE,
    )
    path = models / f"{card.name}.tflite"
    write_sealed(path, model.read_bytes(), card, encoded)
    return path


@dataclass(frozen=True)
class World:
    """Where the models, their ``scores.csv`` and their pictures lie."""

    models: Path
    data: Path
    temperature: float = TEMPERATURE
    keras_offset: float = KERAS_OFFSET

    @property
    def scored(self) -> list[ScoredPicture]:
        return read_scores(self.models / SCORES_FILE)

    def copy(self, folder: Path) -> "World":
        shutil.copytree(self.models, folder / "models")
        shutil.copytree(self.data, folder / "data")
        return World(models=folder / "models", data=folder / "data")

    def model(self, variant: str) -> Path:
        return self.models / f"tiny_none_32_{variant}.tflite"

    def seal(self, variant: str, **values: Any) -> Path:
        return seal_tiny(self.models, variant, self.data, self.scored, **values)

    def logits(self, variant: str, files: Iterable[str]) -> np.ndarray:
        return logits_of(self.model(variant), [(self.data / file).read_bytes() for file in files])

    def write_picture(self, file: str, seed: int, brightness: float) -> None:
        path = self.data / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(seed, brightness))


@pytest.fixture(scope="session")
def shared_world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Not to be changed: see ``world``."""
    folder = tmp_path_factory.mktemp("world")
    made = World(models=folder / "models", data=folder / "data")
    made.models.mkdir()
    pictures = _write_pictures(made.data)
    for variant in ("float32", "int8"):
        seal_tiny(made.models, variant, made.data, pictures)
    write_pictures(made.models / SCORES_FILE, pictures)
    return made


@pytest.fixture
def world(shared_world: World, tmp_path: Path) -> World:
    """A copy that a test may change."""
    return shared_world.copy(tmp_path)


@pytest.fixture(scope="session")
def bench() -> Callable[..., str]:
    """Runs ``melanoma-bench run`` in this process: stdout, and its errors are raised."""

    def run(*arguments: object) -> str:
        texts = ["run", *map(str, arguments)]
        result = CliRunner().invoke(app, texts, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.stdout

    return run


@pytest.fixture
def quick(tmp_path: Path) -> tuple[object, ...]:
    """Options of a short benchmark into ``tmp_path / "out"``."""
    return "--queries", 1, "--out", tmp_path / "out"
