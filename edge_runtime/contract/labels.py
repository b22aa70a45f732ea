"""The two classes a model tells apart."""

from dataclasses import dataclass

from edge_runtime.errors import CardSchemaError


@dataclass(frozen=True, kw_only=True)
class Labels:
    """Names of the two classes; the score is that of ``positive``."""

    negative: str = "benign"
    positive: str = "malignant"

    def __post_init__(self) -> None:
        if not self.negative or not self.positive or self.negative == self.positive:
            raise CardSchemaError(
                "labels must be two different, non-empty names. "
                f"Received: negative={self.negative!r}, positive={self.positive!r}"
            )
