"""What is measured: every variant on every runtime, with every number of threads and delegate."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.models import ModelFile
from edge_runtime.delegates import split_delegate
from edge_runtime.interpreter import RUNTIMES, choose_runtime, probe_runtime

ALL = "all"
RUNTIME_CHOICES = ("auto", ALL, *RUNTIMES)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A variant and how it runs.

    Attributes:
        variant: As on the card.
        path: The file.
        file_sha256: Of the whole file.
        runtime: One of ``RUNTIMES``.
        delegate: ``cpu``, ``edgetpu`` or one of its devices.
        threads: Of one inference.
    """

    variant: str
    path: Path
    file_sha256: str
    runtime: str
    delegate: str
    threads: int

    @property
    def name(self) -> str:
        """As in ``int8, ai-edge-litert, cpu, 2 threads``."""
        plural = "s" if self.threads > 1 else ""
        return f"{self.variant}, {self.runtime}, {self.delegate}, {self.threads} thread{plural}"


def choose_runtimes(wanted: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """The runtimes that work here, and why others do not.

    Args:
        wanted: Of :data:`RUNTIME_CHOICES`; ``auto`` is the first that works, ``all`` each.

    Raises:
        RuntimeUnavailableError: If none of them works.
    """
    named = [name for one in wanted for name in (RUNTIMES if one == ALL else (one,))]
    chosen: list[str] = []
    skipped: dict[str, str] = {}
    for name in dict.fromkeys(named):
        status = choose_runtime(name) if name == "auto" else probe_runtime(name)
        if status.problem is None:
            chosen.append(status.name)
        else:
            skipped[status.name] = status.problem
    if not chosen:
        choose_runtime(named[0])  # says why
    return list(dict.fromkeys(chosen)), skipped


def make_matrix(
    models: Sequence[ModelFile],
    runtimes: Sequence[str],
    delegates: Sequence[str],
    threads: Sequence[int],
) -> list[Row]:
    """The rows, variant by variant; each runs where its card says that it can.

    Args:
        models: Variants of one model.
        runtimes: Of ``RUNTIMES``, those that work.
        delegates: Those to use where a variant can; empty takes what each requires.
        threads: Threads of one inference.
    """
    return [
        Row(
            variant=model.card.variant,
            path=model.path,
            file_sha256=model.file_sha256,
            runtime=runtime,
            delegate=delegate,
            threads=count,
        )
        for model in models
        for runtime in runtimes
        for delegate in _delegates_of(model, delegates)
        for count in dict.fromkeys(threads)
    ]


def _delegates_of(model: ModelFile, wanted: Sequence[str]) -> list[str]:
    required = model.card.requires_delegate
    usable = [one for one in wanted if split_delegate(one)[0] == required]
    return list(dict.fromkeys(usable)) or [required]
