"""A small finished demo, made by hand: what the four commands would have left behind."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

# The folder is not part of the distribution: it is a package of the repository only.
sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.results import (
    Accuracy,
    Decisions,
    Distribution,
    Environment,
    Figure,
    Latency,
    Memory,
    ModelResult,
    PictureRecord,
    Results,
    Settings,
    dump_results,
)
from demo.gather import Report, gather_report, shown_pictures
from demo.plan import Plan
from demo.steps import FinishedStep
from edge_runtime.contract.card import NOTICE, TrainingRecord
from edge_runtime.contract.embed import SealedModel
from edge_runtime.contract.manifest import SCORES_FILE, ScoredPicture, write_pictures

STEPS = (
    FinishedStep(title="Train", command="melanoma-train fit <data> --out run", seconds=61.2),
    FinishedStep(title="Export", command="melanoma-convert export run", seconds=2.0),
)


def _figure(value: float | None) -> Figure:
    low, high = (None, None) if value is None else (value - 0.05, min(1.0, value + 0.05))
    return Figure(value=value, low=low, high=high, confidence=0.95)


def _model(variant: str, auc: float | None) -> ModelResult:
    timed = Distribution(min_ms=1.0, mean_ms=2.0, p50_ms=2.5, p90_ms=3.0, p99_ms=4.0)
    latency = Latency(
        queries=20,
        end_to_end=timed,
        preprocess=timed,
        invoke=timed,
        round_invoke_p50_ms=(2.4, 2.5),
        open_ms=20.0,
        verify_ms=1.0,
        load_ms=10.0,
        self_test_ms=9.0,
        first_ms=5.0,
    )
    keras = variant == "keras"
    names = ("roc_auc", "pr_auc", "sensitivity", "specificity", "accuracy", "f1")
    return ModelResult(
        variant=variant,
        file=None if keras else f"{variant}.tflite",
        file_sha256=None if keras else "0" * 64,
        size_bytes=None if keras else 2_320_000,
        runtime=None if keras else "ai-edge-litert 2.3.0",
        delegate=None if keras else "cpu",
        accuracy=Accuracy(
            threshold=0.5,
            figures={name: _figure(auc) for name in names},
            brier=0.1,
            ece=0.1,
            decisions=Decisions(refer=5, no_referral=5, retake=0, unreadable=0),
            flips=None,
            roc_auc_change=None,
            max_logit_difference=None,
            max_score_difference=None,
        ),
        latency=None if keras else latency,
        memory=None if keras else Memory(steady_mib=60.0, peak_mib=61.0),
    )


def _results(auc: float | None) -> Results:
    """Results of Keras, float32 and int8 that all reach the same area."""
    return Results(
        schema_version=1,
        created="2026-01-02T03:04:05+00:00",
        model="inceptionv3_mixed3_128",
        demonstration=True,
        notice=NOTICE,
        pictures=PictureRecord(
            data="data",
            split="test",
            chosen_by=SCORES_FILE,
            pictures=10,
            scored=10,
            positive=5,
            groups=10,
            unreadable_files=0,
            sha256="0" * 64,
        ),
        settings=Settings(runtime="auto", threads=1, queries=20, rounds=2, warmup=1, resamples=100),
        environment=Environment(
            board=None,
            cpu="A processor",
            cpu_features=(),
            architecture="x86_64",
            cores=2,
            governor=None,
            system="Linux",
            versions={},
            load_before=0.0,
            load_after=0.0,
        ),
        models=tuple(_model(variant, auc) for variant in ("keras", "float32", "int8")),
        skipped={},
    )


@dataclass(frozen=True)
class Finished:
    """An output folder with all but the page."""

    plan: Plan
    pictures: list[ScoredPicture]

    def report(self) -> Report:
        return gather_report(self.plan, self.pictures, STEPS)


def _write_pictures(plan: Plan, stem: str) -> None:
    pictures = []
    for label in ("benign", "malignant"):
        (plan.data / label).mkdir(parents=True)
        for number in range(5):
            file = f"{label}/{stem}{number}.jpg"
            colour = (200, 40 * number, 120)
            Image.new("RGB", (300, 200), colour).save(
                plan.data / file, comment=b"patient 17", exif=b"Exif\0\0patient 17"
            )
            pictures.append(
                ScoredPicture(
                    file=file,
                    sha256="0" * 64,
                    label=label,
                    group=file,
                    split="train" if number == 0 else "test",
                    logit=0.0,
                    score=0.5,
                )
            )
    plan.run.mkdir(parents=True)
    write_pictures(plan.run / SCORES_FILE, pictures)


def _write_rows(plan: Plan, pictures: list[ScoredPicture], decisions: tuple[str, ...]) -> None:
    rows = [
        {
            "source": str(plan.data / picture.file),
            "score": None if decision == "RETAKE" else 0.25,
            "decision": decision,
            "reasons": ["because"],
        }
        for picture, decision in zip(pictures, decisions, strict=True)
    ]
    plan.rows.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture
def finished(tmp_path: Path, sealed_model: Callable[..., SealedModel]) -> Callable[..., Finished]:
    """Makes a finished demo: ``finished(stem=…, drawn=…, decisions=…, auc=…)``."""

    def make(
        *,
        stem: str = "picture_",
        drawn: bool = True,
        decisions: tuple[str, ...] = ("NO_REFERRAL", "REFER", "RETAKE") * 2,
        auc: float | None = 0.9,
    ) -> Finished:
        plan = Plan(
            out=tmp_path / "demo-output",
            given=None if drawn else tmp_path / "pictures",
            weights="none",
            cut="mixed3",
            image_size=128,
            seed=0,
        )
        _write_pictures(plan, stem)
        plan.models.mkdir()
        sealed = sealed_model("int8")
        if not drawn:
            training = vars(sealed.card.training) | {"demonstration": False}
            sealed = sealed_model("int8", training=TrainingRecord(**training))
        plan.device_model.write_bytes(sealed.path.read_bytes())
        plan.benchmark.mkdir()
        (plan.benchmark / "results.json").write_text(dump_results(_results(auc)))
        (plan.run / "plots").mkdir()
        for plot in (plan.run / "plots" / "roc.png", plan.benchmark / "accuracy_latency.png"):
            Image.new("RGB", (8, 8)).save(plot)
        pictures = shown_pictures(plan)
        _write_rows(plan, pictures, decisions)
        return Finished(plan=plan, pictures=pictures)

    return make
