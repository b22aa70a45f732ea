"""The rows of the device's own code, and of the Keras model that all variants come from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.accuracy import Cases, Judged, measure_accuracy
from benchmarks.baselines import bare_of
from benchmarks.judging import Computes, JudgedRows, computes
from benchmarks.latency import energy_of, ratio_to_bare, summarise
from benchmarks.matrix import Row
from benchmarks.models import ModelFile
from benchmarks.results import Accuracy, Environment, ModelResult
from benchmarks.row_results import OperatorCost
from benchmarks.turns import Taken
from edge_runtime.console import display_name
from edge_runtime.errors import MelanomaError

KERAS = "keras"
REFERENCE = "float32"


@dataclass(frozen=True, kw_only=True)
class RowContext:
    """What all rows share.

    Attributes:
        models: By variant.
        judged: What the rows decided.
        cases: The scored pictures.
        keras: Outcomes of the Keras model, where known.
        environment: Where.
    """

    models: dict[str, ModelFile]
    judged: JudgedRows
    cases: Cases
    keras: Judged | None
    environment: Environment


def model_rows(rows: Sequence[Row], taken: Taken, context: RowContext) -> list[ModelResult]:
    """A row of the results each."""
    accuracies: dict[Computes, Accuracy] = {}
    results = []
    for row in rows:
        which = computes(row)
        if which not in accuracies:
            accuracies[which] = _accuracy(which, context)
        results.append(_model_row(row, accuracies[which], taken, context))
    return results


def keras_row(context: RowContext) -> list[ModelResult]:
    """The Keras model's row, where its outputs are known; it has neither file nor latency."""
    if context.keras is None:
        return []
    accuracy = measure_accuracy(context.keras, context.cases, reference=None, keras=None)
    return [
        ModelResult(
            variant=KERAS,
            file=None,
            file_sha256=None,
            size_bytes=None,
            runtime=None,
            delegate=None,
            accuracy=accuracy,
            latency=None,
            memory=None,
        )
    ]


def _accuracy(which: Computes, context: RowContext) -> Accuracy:
    variant, runtime, _ = which
    reference = context.judged.judged.get((REFERENCE, runtime, "cpu"))
    return measure_accuracy(
        context.judged.judged[which],
        context.cases,
        reference=None if variant == REFERENCE else reference,
        keras=context.keras,
    )


def _model_row(row: Row, accuracy: Accuracy, taken: Taken, context: RowContext) -> ModelResult:
    model, info = context.models[row.variant], context.judged.infos[computes(row)]
    rounds = [found.measured for found in taken.rounds[row.name]]
    bare = taken.rounds[bare_of(row, model.card.preprocessing.size_hw).label]
    latency, memory = summarise(rounds)
    conditions = taken.conditions[row.name]
    return ModelResult(
        variant=row.variant,
        file=display_name(Path(model.path.name)),
        file_sha256=model.file_sha256,
        size_bytes=model.size_bytes,
        runtime=info.runtime,
        delegate=info.delegate,
        accuracy=accuracy,
        latency=latency,
        memory=memory,
        threads=row.threads,
        to_bare=ratio_to_bare(rounds, [found.measured for found in bare]),
        conditions=conditions,
        environment=replace(
            context.environment,
            load_before=conditions.load_before,
            load_after=conditions.load_after,
        ),
        operators=_operators(model.path),
        energy=energy_of(rounds),
    )


def _operators(path: Path) -> tuple[OperatorCost, ...]:
    """By kind; empty for a file that cannot be taken apart here."""
    from converter.flatbuffer import read_flatbuffer

    try:
        operators = read_flatbuffer(path.read_bytes()).operators
    except MelanomaError:
        return ()
    costs = [
        OperatorCost(
            name=name,
            count=sum(one.name == name for one in operators),
            macs=sum(one.macs for one in operators if one.name == name),
        )
        for name in dict.fromkeys(one.name for one in operators)
    ]
    return tuple(sorted(costs, key=lambda cost: (-cost.macs, cost.name)))
