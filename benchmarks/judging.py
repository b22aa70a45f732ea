"""What every variant decides on every runtime; finished ones are not assessed again."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.accuracy import Judged, Outcome, judge
from benchmarks.kept_measurements import KeptMeasurements
from benchmarks.matrix import Row
from benchmarks.models import ModelFile
from benchmarks.pictures import Selection
from edge_runtime.assessment import Decision
from edge_runtime.classifier import LesionClassifier
from edge_runtime.contract.manifest import manifest_sha256
from edge_runtime.contract.schema import from_json, to_json
from edge_runtime.errors import DelegateUnavailableError
from edge_runtime.runner import RunnerInfo

# A number of threads changes how fast a row is, not what it computes.
Computes = tuple[str, str, str]


@dataclass(kw_only=True)
class JudgedRows:
    """The rows that could run here, with what they decided.

    Attributes:
        judged: By variant, runtime and delegate.
        infos: What computed, by the same.
        skipped: Why a row could not run.
    """

    judged: dict[Computes, Judged] = field(default_factory=dict)
    infos: dict[Computes, RunnerInfo] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)


def computes(row: Row) -> Computes:
    """What decides about the outcomes of a row."""
    return row.variant, row.runtime, row.delegate


def judge_rows(
    rows: Sequence[Row],
    models: Sequence[ModelFile],
    selection: Selection,
    kept: KeptMeasurements,
) -> JudgedRows:
    """Let every row assess the pictures; those for absent hardware are passed over.

    Raises:
        ContractError: If a model does not run as recorded.
        DelegateUnavailableError: If no row can run here.
    """
    found, files = JudgedRows(), {model.path: model for model in models}
    problems: dict[Computes, DelegateUnavailableError] = {}
    pictures = manifest_sha256(selection.pictures)
    for row in rows:
        which = computes(row)
        if which in found.judged or which in problems:
            continue
        try:
            model = files[row.path]
            found.judged[which], found.infos[which] = _judge(model, row, selection, pictures, kept)
        except DelegateUnavailableError as error:
            problems[which] = error
            others = [name for name in found.skipped if name == row.variant]
            found.skipped[row.name if others else row.variant] = str(error)
    if not found.judged:
        raise next(iter(problems.values()))
    return found


def _judge(
    model: ModelFile, row: Row, selection: Selection, pictures: str, kept: KeptMeasurements
) -> tuple[Judged, RunnerInfo]:
    key = {
        "outcomes": list(computes(row)),
        "file": row.file_sha256,
        "pictures": pictures,
        "threads": row.threads,
    }
    if (known := kept.recall(key)) is not None:
        outcomes = tuple(map(_outcome, known["outcomes"]))
        judged = Judged(outcomes=outcomes, point=model.card.operating_point)
        return judged, from_json(RunnerInfo, known["info"], "info")
    with LesionClassifier.open(
        row.path, runtime=row.runtime, delegate=row.delegate, threads=row.threads
    ) as classifier:
        judged = judge(classifier, selection.folder, selection.pictures)
        info = classifier.info
    listed = [[one.decision, one.score, one.logit] for one in judged.outcomes]
    kept.keep(key, {"outcomes": listed, "info": to_json(info)})
    return judged, info


def _outcome(listed: list[Any]) -> Outcome:
    decision, score, logit = listed
    return Outcome(
        decision=None if decision is None else Decision(decision), score=score, logit=logit
    )
