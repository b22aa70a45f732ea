"""What tests share: sealed tiny models, real picture files, and the marks that may be skipped."""

import dataclasses
import hashlib
import importlib.util
import io
import logging
import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from PIL import __version__ as pillow_version

from edge_runtime.contract.card import (
    NOTICE,
    Architecture,
    ConversionRecord,
    ModelCard,
    TrainingRecord,
)
from edge_runtime.contract.card_versions import SCHEMA_VERSION
from edge_runtime.contract.embed import SealedModel, open_sealed, write_sealed
from edge_runtime.contract.golden import GoldenCase, GoldenSet
from edge_runtime.contract.labels import Labels
from edge_runtime.contract.operating_point import OperatingPoint, Proportion
from edge_runtime.contract.preprocess import Preprocessing, pixels_sha256, preprocess
from edge_runtime.contract.quality_limits import CONTRAST_ONLY
from edge_runtime.interpreter import load_runner
from edge_runtime.runner import Runner
from edge_runtime.self_test import logit_of

TINY_MODELS = Path(__file__).with_name("data")
TOLERANCE = {"float32": 1e-3, "int8": 0.05}  # of the golden logits, for every kernel family
OPERATING_POINT = OperatingPoint(
    rule="sensitivity",
    target=0.95,
    threshold=0.5,
    sensitivity=Proportion(successes=19, trials=20),
    specificity=Proportion(successes=60, trials=80),
    chosen_on="valid",
)
TRAINING = TrainingRecord(
    pictures={"train/benign": 80, "train/malignant": 20},
    grouped_by="lesion",
    leaked_pictures=0,
    imbalance="class weights",
    seed=1,
    split_sha256="0" * 64,
    model_sha256="0" * 64,
    versions={"keras": "3.13.0"},
    demonstration=True,
)
CONVERSION = ConversionRecord(
    engine="tests",
    recipe="none",
    versions={"pillow": pillow_version},
    calibration_pictures=0,
    calibration_sha256="",
    parity_pictures=1,
    parity_max_logit_difference=0.0,
    measured_on="xnnpack",
    gate=("auc_drop 0.0000, within 0.01",),
)

# A shared machine may stall for longer than an example takes.
hypothesis.settings.register_profile("melanoma", deadline=None)
hypothesis.settings.load_profile("melanoma")


@pytest.fixture(autouse=True)
def _logger_as_it_was() -> Iterator[None]:
    """What a command does to the logger of this process ends with the test that called it."""
    logger = logging.getLogger("melanoma")
    handlers, level, propagate = logger.handlers[:], logger.level, logger.propagate
    yield
    logger.handlers[:], logger.propagate = handlers, propagate
    logger.setLevel(level)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    reasons = {}
    if importlib.util.find_spec("tensorflow") is None:
        reasons["tensorflow"] = 'needs TensorFlow: pip install "melanoma-edge[convert]"'
    if _real_data_folder() is None:
        reasons["real_data"] = "no real pictures: MELANOMA_TEST_DATA is not set"
    for item in items:
        for mark, reason in reasons.items():
            if item.get_closest_marker(mark) is not None:
                item.add_marker(pytest.mark.skip(reason=reason))


def _real_data_folder() -> Path | None:
    folder = os.environ.get("MELANOMA_TEST_DATA", "")
    if not folder:
        return None
    missing = [p for p in ("lesions", "coral", "weights") if not Path(folder, p).is_dir()]
    if missing:
        # Who names a folder expects these tests to run: skipping them would pass unnoticed.
        raise pytest.UsageError(f"MELANOMA_TEST_DATA={folder} lacks {', '.join(missing)}")
    return Path(folder)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real pictures and models; for tests marked ``real_data``."""
    folder = _real_data_folder()
    assert folder is not None, "mark the test real_data"
    return folder


def lesion_pixels(height: int = 60, width: int = 80, seed: int = 0) -> npt.NDArray[np.uint8]:
    """A dark, rough spot on bright, uneven skin: uint8 (height, width, 3), RGB."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    spot = 1 / (1 + np.exp(12 * (np.hypot(1.2 * x + 0.1, y) - 0.5)))
    skin = np.array([225, 180, 155]) * (1 - 0.1 * x[..., None])
    colour = skin * (1 - spot[..., None] * np.array([0.5, 0.65, 0.7]))
    noisy = colour + rng.normal(0, 6, (height, width, 3))
    pixels: npt.NDArray[np.uint8] = np.clip(noisy, 0, 255).astype(np.uint8)
    return pixels


@pytest.fixture(scope="session")
def lesion() -> Callable[..., npt.NDArray[np.uint8]]:
    """Draws pixels of a lesion: ``lesion(height, width, seed)``."""
    return lesion_pixels


@pytest.fixture
def picture(tmp_path: Path) -> Callable[..., Path]:
    """Writes a picture file: ``picture(name, image, **save_options)``; the suffix is its format."""

    def write(name: str = "lesion.jpg", image: Image.Image | None = None, **options: Any) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        (image or Image.fromarray(lesion_pixels())).save(path, **options)
        return path

    return write


@cache
def _golden_pictures() -> dict[str, bytes]:
    pictures = {}
    for seed in range(2):
        buffer = io.BytesIO()
        # Few colours: a small file, whose every byte a test can afford to damage.
        Image.fromarray(lesion_pixels(32, 36, seed) // 32 * 32).save(buffer, "PNG", optimize=True)
        pictures[f"golden/{seed}.png"] = buffer.getvalue()
    return pictures


@cache
def _golden_set(variant: str) -> GoldenSet:
    """What each kernel family that this runtime has computes; ``builtin`` stands in for others."""
    model = TINY_MODELS / f"tiny_{variant}.tflite"
    runners = {r.info.kernel_family: r for r in _runners(model)}
    families = {f: runners.get(f, runners["builtin"]) for f in ("xnnpack", "builtin")}
    cases = []
    for name, encoded in _golden_pictures().items():
        pixels = preprocess(encoded, Preprocessing(size_hw=(32, 32)))
        cases.append(
            GoldenCase(
                file=name,
                file_sha256=hashlib.sha256(encoded).hexdigest(),
                pixels_sha256=pixels_sha256(pixels),
                logits={family: logit_of(runner, pixels) for family, runner in families.items()},
            )
        )
    return GoldenSet(cases=tuple(cases), tolerance=dict.fromkeys(families, TOLERANCE[variant]))


def _runners(model: Path) -> list[Runner]:
    return [load_runner(model, optimized=optimized) for optimized in (True, False)]


def _tiny_card(variant: str) -> ModelCard:
    runner = load_runner(TINY_MODELS / f"tiny_{variant}.tflite")
    return ModelCard(
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
        preprocessing=Preprocessing(size_hw=(32, 32)),
        labels=Labels(),
        input=runner.input,
        output=runner.output,
        temperature=1.5,
        operating_point=OPERATING_POINT,
        training=TRAINING,
        conversion=CONVERSION,
        quality=CONTRAST_ONLY,
        golden=_golden_set(variant),
        notice=NOTICE,
    )


@pytest.fixture(scope="session")
def tiny_card() -> Callable[[str], ModelCard]:
    """The card of a tiny model: ``tiny_card("float32")``; its ``model_sha256`` is not set yet."""
    return _tiny_card


@pytest.fixture
def sealed_model(tmp_path: Path) -> Callable[..., SealedModel]:
    """Seals a tiny model: ``sealed_model("int8", **changes_of_the_card)``; verified as it is."""

    def seal(tiny: str = "float32", /, **changes: Any) -> SealedModel:
        flatbuffer = (TINY_MODELS / f"tiny_{tiny}.tflite").read_bytes()
        card = dataclasses.replace(_tiny_card(tiny), **changes)
        path = tmp_path / f"{card.name}.tflite"
        write_sealed(path, flatbuffer, card, _golden_pictures())
        return open_sealed(path)

    return seal


@pytest.fixture(params=sorted(TOLERANCE))
def tiny_flatbuffer(request: pytest.FixtureRequest) -> Path:
    """Path of each tiny model as its converter wrote it: 32×32 pixels in, one logit out."""
    return TINY_MODELS / f"tiny_{request.param}.tflite"
