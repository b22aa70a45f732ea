"""What a training run was told to do."""

from dataclasses import dataclass
from pathlib import Path

from edge_runtime.contract.operating_point import RULES
from edge_runtime.errors import DatasetError
from trainer.augmentation import AUGMENTATIONS
from trainer.distribution import WorkerPlace
from trainer.epoch_plan import IMBALANCES
from trainer.head import HEADS

BACKBONE = "inceptionv3"
CUTS = tuple(f"mixed{i}" for i in range(11))
MIN_IMAGE_SIZE = 75  # keras.applications.InceptionV3 accepts nothing smaller
MAX_IMAGE_SIZE = 1024
RECIPES = ("standard", "blog")
# Blocks that --unfreeze auto sets free.
_AUTO_BLOCKS = 3


@dataclass(frozen=True, kw_only=True)
class Target:
    """What the operating point has to reach.

    Attributes:
        rule: ``sensitivity`` or ``specificity``.
        value: In (0, 1].
    """

    rule: str = "sensitivity"
    value: float = 0.95


def free_blocks(cut: str, pool_from: str) -> tuple[str, ...]:
    """Blocks that stage 2 can begin with: up to the one above the first pooled, or the cut.

    What is frozen and pooled would otherwise lie below what stage 2 is given.
    """
    last = CUTS.index(cut)
    return CUTS[1 : min(CUTS.index(pool_from or cut) + 1, last) + 1]


def parse_target(text: str) -> Target:
    """Parse ``sensitivity=0.95`` or ``specificity=0.9``.

    Raises:
        ValueError: If it is neither.
    """
    rule, _, value = text.partition("=")
    target = Target(rule=rule, value=float(value or "nan"))
    if rule not in RULES or not 0 < target.value <= 1:
        raise ValueError(f"expected sensitivity=VALUE or specificity=VALUE. Received: {text!r}")
    return target


@dataclass(frozen=True, kw_only=True)
class FitConfig:
    """Options of ``melanoma-train fit``.

    Attributes:
        data: Folder of labelled pictures, or a table of them.
        classes: Class by kind of lesion, as in ``bcc=malignant,nv=benign``; empty for the table's.
        allow_leakage: Train although pictures lie across given splits, and stamp the card.
        folds: Folds of cross-validation; 0: one split.
        cache: Folder of decoded pictures; None for the user's cache.
        weights: ``imagenet``, ``none`` or the path of a weights file.
        cut: Last block of InceptionV3 that is kept.
        pool_from: First block that is pooled; all from it to the cut are. Empty for the cut alone.
        pool_middle: Pool the middle of each map, half as high and wide, beside the whole.
        image_size: Side of the square input in pixels.
        recipe: ``standard``, or ``blog``: the published baseline as written.
        head: One of :data:`trainer.head.HEADS`.
        epochs: At most so many passes of stage 1.
        unfreeze: First block that stage 2 trains, ``auto`` for the last three, or ``none``.
        fine_tune_epochs: At most so many epochs of stage 2.
        views: Augmented views of a training picture that are computed once; 0: none in stage 1,
            and new ones in each epoch of stage 2, for which the frozen part runs too.
        learning_rate: Of the head and the last block in stage 2.
        dropout: Share of pooled features that a step of stage 2 leaves out.
        imbalance: One of :data:`trainer.epoch_plan.IMBALANCES`.
        augmentation: What views may differ in: ``sharp``, turns, mirror images and shifts, half of
            them in other light; ``symmetries``, turns and mirror images alone; or ``full``, also
            small turns, size and shear. One of :data:`trainer.augmentation.AUGMENTATIONS`.
        hair: Share of augmented views with drawn hair.
        vignette: Share of augmented views with a dark rim.
        batch_size: Pictures at a time through the network, of all devices together.
        devices: Devices of this host that stage 2 trains on.
        place: Of this process among several workers; None if it is alone.
        seed: Fixes split, order, views and initial values.
        target: What the operating point has to reach.
        resamples: Bootstrap resamples behind each interval.
        demonstration: Stamps the model as one whose figures mean nothing.
    """

    data: Path
    classes: str = ""
    allow_leakage: bool = False
    folds: int = 0
    cache: Path | None = None
    weights: str = "imagenet"
    cut: str = "mixed10"
    pool_from: str = ""
    pool_middle: bool = False
    image_size: int = 299
    recipe: str = "standard"
    head: str = "neuron"
    epochs: int = 100
    unfreeze: str = "auto"
    fine_tune_epochs: int = 6
    views: int = 5
    learning_rate: float = 3e-4
    dropout: float = 0.4
    imbalance: str = "class-weights"
    augmentation: str = "sharp"
    hair: float = 0.0
    vignette: float = 0.15
    batch_size: int = 32
    devices: int = 1
    place: WorkerPlace | None = None
    seed: int = 0
    target: Target = Target()
    resamples: int = 2000
    demonstration: bool = False

    def __post_init__(self) -> None:
        _require(
            self.cut in CUTS and MIN_IMAGE_SIZE <= self.image_size <= MAX_IMAGE_SIZE,
            f"a cut of {', '.join(CUTS)} and an image size in [{MIN_IMAGE_SIZE}, "
            f"{MAX_IMAGE_SIZE}]. Received: cut={self.cut!r}, image_size={self.image_size}",
        )
        _require(
            self.pool_from in ("", *CUTS[: CUTS.index(self.cut) + 1]),
            f"--pool-from of a block up to --cut {self.cut}. "
            f"Received: pool_from={self.pool_from!r}",
        )
        _require(
            not (self.recipe == "blog" and (self.pool_from or self.pool_middle)),
            "no --pool-from or --pool-middle with --recipe blog, which pools the cut alone. "
            f"Received: pool_from={self.pool_from!r}, pool_middle={self.pool_middle}",
        )
        free = ("auto", "none", *free_blocks(self.cut, self.pool_from))
        _require(
            self.unfreeze in free,
            f"--unfreeze of {', '.join(free)} with --cut {self.cut} and --pool-from "
            f"{self.pool_from or self.cut}. Received: unfreeze={self.unfreeze!r}",
        )
        _require(
            self.recipe in RECIPES
            and self.head in HEADS
            and self.imbalance in IMBALANCES
            and self.augmentation in AUGMENTATIONS,
            f"a recipe of {RECIPES}, a head of {tuple(HEADS)}, an imbalance of {IMBALANCES}, an "
            f"augmentation of {tuple(AUGMENTATIONS)}. Received: recipe={self.recipe!r}, "
            f"head={self.head!r}, imbalance={self.imbalance!r}, augmentation={self.augmentation!r}",
        )
        _require(
            self.folds != 1 and self.folds >= 0,
            f"2 folds or more, or 0 for one split. Received: folds={self.folds}",
        )

    @property
    def stage_1_views(self) -> int:
        """Augmented views that the head of stage 1 learns from, besides the pictures.

        Those that keep detail teach it; blurred ones cost more than that on frozen features
        (docs/experiments.md).
        """
        taught = self.recipe == "blog" or self.augmentation != "full"
        return self.views if taught else 0

    @property
    def first_free_block(self) -> str | None:
        """First block that stage 2 trains; None if there is no stage 2."""
        if self.recipe == "blog" or self.unfreeze == "none":
            return None
        if self.unfreeze != "auto":
            return self.unfreeze
        last = CUTS.index(self.cut)
        wanted = CUTS[max(1, last - _AUTO_BLOCKS + 1)]
        highest = free_blocks(self.cut, self.pool_from)[-1:]
        return min(wanted, *highest, key=CUTS.index) if highest else None


def _require(holds: bool, expected: str) -> None:
    if not holds:
        raise DatasetError(f"expected {expected}")
