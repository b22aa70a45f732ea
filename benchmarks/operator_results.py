"""Time by operator as a file."""

import json
from dataclasses import dataclass
from pathlib import Path

from benchmarks.operator_time import OperatorTimes
from benchmarks.row_results import Environment
from edge_runtime.contract.schema import from_json, to_json
from edge_runtime.errors import CardSchemaError, InputError

SCHEMA_VERSION = 1
OPERATORS_FILE = "operators.json"


@dataclass(frozen=True, kw_only=True)
class OperatorResults:
    """What ``melanoma-bench operators`` writes.

    Attributes:
        schema_version: :data:`SCHEMA_VERSION`.
        created: When, ISO 8601, UTC.
        notice: What these figures are not.
        software: What computed.
        threads: Of one inference.
        rounds: Each measured every block once.
        queries: Inferences of each block in each round.
        environment: Where.
        files: One a file.
    """

    schema_version: int
    created: str
    notice: str
    software: str
    threads: int
    rounds: int
    queries: int
    environment: Environment
    files: tuple[OperatorTimes, ...]


def dump_operators(results: OperatorResults) -> str:
    """The results as JSON text."""
    return json.dumps(to_json(results), indent=2, ensure_ascii=False) + "\n"


def read_operators(path: Path) -> OperatorResults:
    """Read what ``melanoma-bench operators`` wrote.

    Args:
        path: Its JSON file, or the folder that holds it.

    Raises:
        InputError: If it cannot be read or is something else.
    """
    file = path / OPERATORS_FILE if path.is_dir() else path
    try:
        return from_json(OperatorResults, json.loads(file.read_text(encoding="utf-8")), "results")
    except (OSError, ValueError, CardSchemaError) as error:
        raise InputError(
            f"expected what melanoma-bench operators wrote. Received: {str(path)!r}: {error}. "
            "Name its folder or JSON file."
        ) from error
