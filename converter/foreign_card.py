"""What a model made elsewhere expects and gives, as its user writes it down in TOML."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from edge_runtime.contract.labels import Labels
from edge_runtime.contract.operating_point import RULES
from edge_runtime.contract.preprocess import Preprocessing
from edge_runtime.contract.schema import from_json
from edge_runtime.errors import CardSchemaError

# Scale and offset that turn pixels of 0 … 255 into what the network was trained on.
PIXELS = {"0..255": (1.0, 0.0), "0..1": (1 / 255, 0.0), "-1..1": (1 / 127.5, -1.0)}
OUTPUTS = ("logit", "sigmoid")
EXAMPLE = """\
backbone = "mobilenetv2"      # a name for the network
size = [224, 224]             # height and width of its input
negative = "benign"           # the two classes, as their folders are named
positive = "malignant"        # the one that its output stands for
pixels = "-1..1"              # what it was trained on: 0..255, 0..1 or -1..1, RGB
output = "sigmoid"            # what it gives: logit or sigmoid, of the positive class
rule = "sensitivity"          # of the operating point: sensitivity or specificity
target = 0.95
"""


@dataclass(frozen=True, kw_only=True)
class ForeignCard:
    """What its maker knows of a model.

    Attributes:
        backbone: A name for the network.
        size: Height and width of its input.
        negative: Name of the one class.
        positive: Name of the other, which its output stands for.
        pixels: Range of values that it was trained on, one of :data:`PIXELS`.
        output: ``logit`` or ``sigmoid``.
        rule: What the operating point has to reach, ``sensitivity`` or ``specificity``.
        target: The value to reach, in (0, 1].
    """

    backbone: str
    size: tuple[int, int]
    negative: str
    positive: str
    pixels: str
    output: str
    rule: str
    target: float

    def __post_init__(self) -> None:
        known = self.pixels in PIXELS and self.output in OUTPUTS and self.rule in RULES
        if not known or not 0 < self.target <= 1 or not self.backbone.isidentifier():
            raise CardSchemaError(
                f"expected a backbone of letters and digits, pixels out of {', '.join(PIXELS)}, "
                f"output out of {', '.join(OUTPUTS)}, rule out of {', '.join(RULES)}, target in "
                f"(0, 1]. Received: backbone={self.backbone!r}, pixels={self.pixels!r}, "
                f"output={self.output!r}, rule={self.rule!r}, target={self.target}"
            )
        self.labels, self.preprocessing  # noqa: B018 - they refuse what cannot be

    @property
    def labels(self) -> Labels:
        """The two classes."""
        return Labels(negative=self.negative, positive=self.positive)

    @property
    def preprocessing(self) -> Preprocessing:
        """From picture to pixels."""
        return Preprocessing(size_hw=self.size)

    @property
    def scale_offset(self) -> tuple[float, float]:
        """What turns pixels of 0 … 255 into the network's values."""
        return PIXELS[self.pixels]


def read_foreign_card(path: Path) -> ForeignCard:
    """Read a card written by hand.

    Raises:
        CardSchemaError: If it is no TOML, or a value is missing, unknown or impossible.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CardSchemaError(
            f"expected a card in TOML. Received: {str(path)!r}: {error}. It looks like:\n{EXAMPLE}"
        ) from error
    return from_json(ForeignCard, data, path.name)
