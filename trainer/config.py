"""What a training run was told to do."""

from dataclasses import dataclass
from pathlib import Path

from edge_runtime.contract.operating_point import RULES
from edge_runtime.errors import DatasetError

BACKBONE = "inceptionv3"
CUTS = tuple(f"mixed{i}" for i in range(11))
MIN_IMAGE_SIZE = 75  # keras.applications.InceptionV3 accepts nothing smaller
MAX_IMAGE_SIZE = 1024


@dataclass(frozen=True, kw_only=True)
class Target:
    """What the operating point has to reach.

    Attributes:
        rule: ``sensitivity`` or ``specificity``.
        value: In (0, 1].
    """

    rule: str = "sensitivity"
    value: float = 0.95


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
        weights: ``imagenet``, ``none`` or the path of a weights file.
        cut: Last block of InceptionV3 that is kept.
        image_size: Side of the square input in pixels.
        epochs: At most so many passes over the training features.
        batch_size: Pictures at a time through the network.
        seed: Fixes split, order and initial values.
        target: What the operating point has to reach.
        resamples: Bootstrap resamples behind each interval.
        demonstration: Stamps the model as one whose figures mean nothing.
    """

    data: Path
    classes: str = ""
    weights: str = "imagenet"
    cut: str = "mixed10"
    image_size: int = 299
    epochs: int = 100
    batch_size: int = 32
    seed: int = 0
    target: Target = Target()
    resamples: int = 2000
    demonstration: bool = False

    def __post_init__(self) -> None:
        if self.cut not in CUTS or not MIN_IMAGE_SIZE <= self.image_size <= MAX_IMAGE_SIZE:
            raise DatasetError(
                f"expected a cut of {', '.join(CUTS)} and an image size in [{MIN_IMAGE_SIZE}, "
                f"{MAX_IMAGE_SIZE}]. Received: cut={self.cut!r}, image_size={self.image_size}"
            )
