"""Golden cases: small pictures with the logits that the converter computed from them.

Kernel families round int8 arithmetic differently, so each has its own expectation.
"""

import math
from dataclasses import dataclass

from edge_runtime.errors import CardSchemaError

KERNEL_FAMILIES = ("xnnpack", "builtin", "edgetpu")


@dataclass(frozen=True, kw_only=True)
class GoldenCase:
    """One small picture.

    Attributes:
        file: Its entry in the card's archive, an encoded PNG or JPEG.
        file_sha256: Of that entry's bytes.
        pixels_sha256: Of the uint8 pixels (H, W, 3) that ``preprocess`` makes of it.
        logits: Expected logit by kernel family.
    """

    file: str
    file_sha256: str
    pixels_sha256: str
    logits: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class GoldenSet:
    """The cases and how far a device's logit may lie from the expected one.

    Attributes:
        cases: At least one.
        tolerance: Largest |Δlogit| by kernel family.
    """

    cases: tuple[GoldenCase, ...]
    tolerance: dict[str, float]

    def __post_init__(self) -> None:
        families = set(self.tolerance)
        complete = all(set(case.logits) == families for case in self.cases)
        if not self.cases or not families or not complete or families - set(KERNEL_FAMILIES):
            raise CardSchemaError(
                "golden cases need a logit and a tolerance for the same kernel families, out of "
                f"{KERNEL_FAMILIES}. Received: cases={len(self.cases)}, "
                f"tolerance for {sorted(families)}"
            )
        if not all(math.isfinite(value) and value > 0 for value in self.tolerance.values()):
            raise CardSchemaError(
                f"tolerances must be positive. Received: tolerance={self.tolerance}"
            )
