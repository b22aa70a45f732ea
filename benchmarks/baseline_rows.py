"""Which baselines a run has, how well they tell the pictures apart, and their rows."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.accuracy import Cases, Judged, measure_accuracy
from benchmarks.baselines import (
    BARE,
    KERAS,
    MEDIAPIPE,
    PUBLISHED,
    TFLITE_RUNTIME,
    Baseline,
    PixelFile,
    judge_outputs,
    published,
    scoring_job,
    summarise_baseline,
)
from benchmarks.judging import JudgedRows
from benchmarks.kept_measurements import KeptMeasurements
from benchmarks.matrix import Row
from benchmarks.models import ModelFile
from benchmarks.results import Accuracy, BaselineResult
from benchmarks.turns import Taken, take_turns
from edge_runtime.console import display_name, progress
from edge_runtime.contract.card import ModelCard
from edge_runtime.contract.preprocess import Preprocessing, preprocess
from edge_runtime.errors import DatasetError

_KERAS_FILE = "model.keras"


@dataclass(frozen=True, kw_only=True)
class BaselineOptions:
    """Other software that is measured, besides the bare interpreter loop.

    Attributes:
        mediapipe_python: Python of an environment that holds MediaPipe.
        tflite_python: Python of one that holds tflite-runtime and numpy 1.
        run_folder: Run folder of the trainer, whose Keras model is measured in this Python.
        published: The published baseline's own ``.tflite`` file.
        published_max_pixel: The value that it takes for white: 1 as published, or 255.
    """

    mediapipe_python: str | None = None
    tflite_python: str | None = None
    run_folder: Path | None = None
    published: Path | None = None
    published_max_pixel: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Queries:
    """The scored pictures in the order in which they are asked for.

    Attributes:
        places: Theirs among all pictures of the benchmark.
        files: Their paths.
        digest: Of content and order.
    """

    places: tuple[int, ...]
    files: tuple[Path, ...]
    digest: str


@dataclass(kw_only=True)
class PixelStore:
    """Pixels of the queries for each input size, made once."""

    folder: Path
    queries: Queries
    _made: dict[tuple[int, int], PixelFile] = field(default_factory=dict, init=False)

    def of_size(self, size_hw: tuple[int, int]) -> PixelFile:
        """The pixels that a model of this input size takes."""
        if size_hw not in self._made:
            height, width = size_hw
            path = self.folder / f"pixels_{height}x{width}.npy"
            spec = Preprocessing(size_hw=size_hw)
            np.save(path, np.stack([preprocess(file, spec) for file in self.queries.files]))
            self._made[size_hw] = PixelFile(
                path=path,
                pictures=self.queries.files,
                digest=f"{self.queries.digest} {height}x{width}",
            )
        return self._made[size_hw]


def other_baselines(
    rows: Sequence[Row], models: Sequence[ModelFile], options: BaselineOptions
) -> list[Baseline]:
    """All that the options ask for, except the bare loops.

    Raises:
        ConversionError: If the published baseline's file is no TFLite model.
        DatasetError: If the run folder holds no Keras model.
    """
    cards = {model.card.variant: model.card for model in models}
    size_hw = models[0].card.preprocessing.size_hw
    on_cpu = {row.variant: row for row in rows if row.delegate == "cpu"}
    pythons = (
        (TFLITE_RUNTIME, options.tflite_python, 1),
        (MEDIAPIPE, options.mediapipe_python, None),
    )
    found = [
        Baseline(
            name=name,
            variant=variant,
            engine=name,
            python=python,
            model=row.path,
            size_hw=cards[variant].preprocessing.size_hw,
            threads=threads,
        )
        for name, python, threads in pythons
        if python is not None
        for variant, row in on_cpu.items()
    ]
    if options.run_folder is not None:
        found.append(
            Baseline(
                name=KERAS,
                variant=None,
                engine=KERAS,
                python=sys.executable,
                model=_keras_model(options.run_folder),
                size_hw=size_hw,
            )
        )
    if options.published is not None:
        found.append(published(options.published, options.published_max_pixel))
    return found


def _keras_model(run_folder: Path) -> Path:
    model = run_folder / _KERAS_FILE
    if not model.is_file():
        raise DatasetError(
            f"expected --run-folder to be a run of melanoma-train fit. Received: no {_KERAS_FILE} "
            f"in {display_name(run_folder)}. Name another folder."
        )
    return model


def judge_baselines(
    baselines: Sequence[Baseline],
    pixels: PixelStore,
    judged: JudgedRows,
    cases: Cases,
    cards: dict[str, ModelCard],
    kept: KeptMeasurements,
) -> tuple[dict[str, Accuracy], dict[str, str]]:
    """The accuracy of each baseline by its label, and why others have none.

    Flips and differences of a variant's file count against the device's own code with that file.
    The Keras model has a row of its own, from the scores that the trainer wrote.
    """
    of_variant = {variant: one for (variant, _, _), one in reversed(judged.judged.items())}
    found: dict[str, Accuracy] = {}
    problems: dict[str, str] = {}
    scored = [baseline for baseline in baselines if baseline.name not in (BARE, KERAS)]
    for baseline in progress(scored, len(scored), "outputs of other software, files"):
        job = scoring_job(baseline, pixels.of_size(baseline.size_hw))
        taken = take_turns([[job]], 1, kept)
        problems |= taken.failed
        if taken.failed:
            continue
        variant = baseline.variant or next(iter(of_variant))
        like = of_variant[variant]
        outcome = judge_outputs(
            baseline,
            taken.rounds[job.name][0].measured.outputs,
            pixels.queries.places,
            like,
            cards[variant],
        )
        reference: Judged | None = None if baseline.name == PUBLISHED else like
        try:
            found[baseline.label] = measure_accuracy(
                outcome, cases, reference=reference, keras=None
            )
        except DatasetError as error:  # outputs that are no scores
            problems[job.name] = str(error)
    return found, problems


def baseline_results(
    baselines: Sequence[Baseline], taken: Taken, accuracies: dict[str, Accuracy]
) -> tuple[BaselineResult, ...]:
    """The rows of the baselines that could be measured."""
    return tuple(
        summarise_baseline(
            baseline,
            [found.measured for found in taken.rounds[baseline.label]],
            taken.conditions[baseline.label],
            accuracies.get(baseline.label),
        )
        for baseline in baselines
        if baseline.label in taken.rounds
    )
