"""What a demo makes and with which commands."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from demo.steps import Step

# Tried on two cores: drawn at this size, cut and input side, the test ROC-AUC is about 0.93. The
# layers are random, and the deeper the cut, the less of what they pass on survives int8.
BENIGN, MALIGNANT, DRAWN_SIDE = 900, 600, 224
DRAWN_CUT, DRAWN_IMAGE_SIZE = "mixed3", 128
REAL_CUT, REAL_POOL_FROM, REAL_IMAGE_SIZE = "mixed5", "mixed2", 224
VARIANTS = ("float32", "int8")
SHOWN_PER_LABEL = 3


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Options of the demo and where its parts go.

    Attributes:
        out: Folder of everything.
        given: Labelled pictures; None draws some.
        weights: As ``melanoma-train fit --weights`` takes them.
        cut: Last block of InceptionV3 that is kept.
        image_size: Side of the input in pixels.
        seed: Fixes drawing, split, training and which pictures are shown.
    """

    out: Path
    given: Path | None
    weights: str
    cut: str
    image_size: int
    seed: int

    @property
    def data(self) -> Path:
        """The pictures."""
        return self.given or self.out / "data"

    @property
    def run(self) -> Path:
        """The run folder of the training."""
        return self.out / "run"

    @property
    def models(self) -> Path:
        """The exported variants."""
        return self.out / "models"

    @property
    def device_model(self) -> Path:
        """The variant that assesses the shown pictures."""
        name = f"inceptionv3_{self.cut}_{self.image_size}_{VARIANTS[-1]}.tflite"
        return self.models / name

    @property
    def rows(self) -> Path:
        """JSON lines of the shown pictures."""
        return self.out / "assessed.jsonl"

    @property
    def benchmark(self) -> Path:
        """Results of the benchmark."""
        return self.out / "benchmark"

    @property
    def report(self) -> Path:
        """The page."""
        return self.out / "report.html"


def training_step(plan: Plan) -> Step:
    """``melanoma-train fit``."""
    # Random layers gain nothing from views, nor from fine-tuning in a few minutes.
    pooled = ("--pool-from", REAL_POOL_FROM, "--pool-middle") if plan.cut == REAL_CUT else ()
    frozen = ("--unfreeze", "none", "--views", "0")
    drawn = ("--demonstration", *frozen, "--cache", str(plan.out / "cache"))
    return Step(
        title="Fine-tune InceptionV3" if plan.given else "Train one neuron on a frozen InceptionV3",
        package="trainer",
        arguments=(
            *("fit", str(plan.data), "--out", str(plan.run)),
            *("--weights", plan.weights, "--cut", plan.cut),
            *("--image-size", str(plan.image_size), "--seed", str(plan.seed)),
            *(pooled if plan.given else drawn),
        ),
    )


def export_step(plan: Plan) -> Step:
    """``melanoma-convert export``."""
    return Step(
        title=f"Export the model as {' and '.join(VARIANTS)} files that carry their card",
        package="converter",
        arguments=(
            *("export", str(plan.run), "--out", str(plan.models)),
            *("--variants", ",".join(VARIANTS)),
            *(("--data", str(plan.data)) if plan.given else ()),
        ),
    )


def assess_step(plan: Plan, pictures: Sequence[Path]) -> Step:
    """``melanoma-edge image`` on some pictures."""
    return Step(
        title=f"Assess {len(pictures)} test pictures as a device does ({VARIANTS[-1]})",
        package="edge_runtime",
        arguments=(
            "image",
            *(str(picture) for picture in pictures),
            *("--model", str(plan.device_model), "--json"),
        ),
        stdout_to=plan.rows,
    )


def benchmark_step(plan: Plan) -> Step:
    """``melanoma-bench run``."""
    return Step(
        title="Compare the files on all test pictures",
        package="benchmarks",
        arguments=(
            *("run", str(plan.models), "--data", str(plan.data)),
            *("--split", "test", "--out", str(plan.benchmark)),
        ),
    )
