"""Results of several hosts in one file, and reading either kind of file."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.results import SCHEMA_VERSION, Environment, Results
from edge_runtime.console import display_name
from edge_runtime.contract.schema import from_json, to_json
from edge_runtime.errors import CardSchemaError, InputError

RESULTS_FILE = "results.json"


@dataclass(frozen=True, kw_only=True)
class Tolerances:
    """By how much a new result may differ from an old one.

    Attributes:
        accuracy_same_file: Of a figure in [0, 1], for the same model file and runtime version.
        accuracy_other_file: The same, for another file or runtime.
        ratio: Relative, by which a ratio to the bare interpreter may be larger.
        latency: Relative, by which the p50 of invoke and end to end may be longer.
        memory: Relative, by which resident memory may be larger.
        size: Relative, by which the file may be larger.
    """

    accuracy_same_file: float = 0.0
    accuracy_other_file: float = 0.01
    ratio: float = 0.05
    latency: float = 0.15
    memory: float = 0.10
    size: float = 0.01


@dataclass(frozen=True, kw_only=True)
class MergedResults:
    """Benchmarks of several hosts, or the reference of a board.

    Attributes:
        schema_version: Of this layout.
        tolerances: For those who compare with it.
        runs: At least one; rows of different runs are never ranked against each other.
    """

    schema_version: int = SCHEMA_VERSION
    tolerances: Tolerances = field(default_factory=Tolerances)
    runs: tuple[Results, ...]


def read_results(path: Path) -> MergedResults:
    """What ``run`` or ``merge`` wrote: a JSON file, or a folder with a ``results.json``.

    Raises:
        InputError: If it cannot be read or is neither.
    """
    file = path / RESULTS_FILE if path.is_dir() else path
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        if isinstance(data, dict) and "runs" in data:
            merged = from_json(MergedResults, data, "merged results")
        else:
            merged = MergedResults(runs=(from_json(Results, data, "results"),))
    except (OSError, ValueError, CardSchemaError) as error:
        raise InputError(
            "expected results that melanoma-bench run or merge wrote. "
            f"Received: {display_name(file)}: {error}. Name the folder or its {RESULTS_FILE}."
        ) from error
    if not merged.runs:
        raise InputError(
            f"expected results of at least one host. Received: {display_name(file)}: none. "
            "Measure some with melanoma-bench run."
        )
    return merged


def merge_results(paths: Sequence[Path]) -> MergedResults:
    """All runs of the files, in their order; a run that is in two files counts once.

    Raises:
        InputError: If a file cannot be read.
    """
    files = [read_results(path) for path in paths]
    runs: dict[str, Results] = {}
    for file in files:
        runs |= {json.dumps(to_json(run), sort_keys=True): run for run in file.runs}
    return MergedResults(tolerances=files[0].tolerances, runs=tuple(runs.values()))


def dump_merged(merged: MergedResults) -> str:
    """As indented JSON with a final newline."""
    data: Any = to_json(merged)
    return json.dumps(data, indent=2, allow_nan=False) + "\n"


def host_kind(environment: Environment) -> str:
    """What decides about latency: board or processor, cores; no name of a single host."""
    machine = environment.board or environment.cpu or environment.architecture
    return f"{machine}, {environment.cores} cores, {environment.architecture}"
