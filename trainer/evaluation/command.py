"""``melanoma-train evaluate``: the figures of a trained model, on paper."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from edge_runtime import console
from edge_runtime.contract.card import NOTICE
from edge_runtime.contract.manifest import SPLITS
from trainer.evaluation.evaluate import PAGE_FILE, EvaluateConfig
from trainer.evaluation.evaluate import evaluate as evaluate_run
from trainer.evaluation.run_folder import OUT_OF_FOLD
from trainer.evaluation.wording import NAMES, data_sentence, tta_sentence, with_interval

RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="Folder that fit wrote.")]
OtherData = Annotated[
    Path | None,
    typer.Option(help="Another data set, laid out as for fit; pictures that the model knows are "
                 "left out."),
]  # fmt: skip
Split = Annotated[
    str | None,
    typer.Option(
        help=f"train, valid, test or {OUT_OF_FOLD}. Default: test, or {OUT_OF_FOLD} after "
        "cross-validation; with --data, all pictures.",
        show_default=False,
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(help="Folder to write; must not exist. Default: RUN/evaluation-…"),
]
Prevalence = Annotated[
    float,
    typer.Option(
        callback=console.finite, help="Share of malignant lesions to assume for PPV and NPV."
    ),
]
Tta = Annotated[
    bool, typer.Option("--tta", help="Compare with the mean over eight views; takes eight times "
                       "as long as predicting.")
]  # fmt: skip
AsJson = Annotated[bool, typer.Option("--json", help="Metrics as JSON on stdout.")]


def evaluate(
    run: RunFolder,
    data: OtherData = None,
    split: Split = None,
    out: Out = None,
    prevalence: Prevalence = EvaluateConfig.prevalence,
    tta: Tta = False,
    as_json: AsJson = False,
) -> None:
    """Evaluate the model of RUN: figures with intervals, subgroups, plots, page, model card.

    Without --data, on the run's own pictures, from the scores that fit wrote.
    """
    own = () if data else (OUT_OF_FOLD,)
    console.require_choice("--split", split, (None, *SPLITS, *own))
    if not 0 < prevalence < 1:
        raise typer.BadParameter(
            f"expected a share between 0 and 1. Received: {prevalence}", param_hint="--prevalence"
        )
    config = EvaluateConfig(
        run=run, data=data, split=split, out=out, prevalence=prevalence, tta=tta
    )
    result = evaluate_run(config)
    if as_json:
        console.write_line(json.dumps(result, allow_nan=False))
    else:
        _print_result(result, config.output(result["split"]))


def _print_result(result: dict[str, Any], out: Path) -> None:
    figures = [(NAMES[name], with_interval(row)) for name, row in result["metrics"].items()]
    share = f"{result['prevalence']:g}"
    figures += [
        (f"{NAMES[name]} at prevalence {share}", with_interval(row))
        for name, row in result["predictive_values"].items()
    ]
    console.write_line(data_sentence(result))
    console.write_line()
    console.print_table(("metric", "value, 95 % interval"), figures)
    if result["subgroups"]:
        console.write_line()
        _print_subgroups(result)
    if result["tta"]:
        console.write_line()
        console.write_line(tta_sentence(result["tta"]))
    console.write_line()
    console.write_line(f"written to {console.display_name(out)}; open its {PAGE_FILE}")
    console.write_line(NOTICE)


def _print_subgroups(result: dict[str, Any]) -> None:
    names = ("roc_auc", "sensitivity", "specificity")
    rows = [
        (
            f"{row['attribute']}: {row['value']}",
            f"{row['positive']}/{row['pictures']}",
            *(with_interval(row[name]) for name in names),
        )
        for row in result["subgroups"]
    ]
    counted = f"{result['labels']['positive']}/all"
    console.print_table(("part", counted, *(NAMES[name] for name in names)), rows)
