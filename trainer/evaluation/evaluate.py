"""From a run folder to an evaluation folder: figures, subgroups, plots, page and model card."""

import csv
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_runtime.console import log, require_absent
from edge_runtime.contract.card import NOTICE
from edge_runtime.contract.manifest import SCORES_FILE, write_pictures
from edge_runtime.contract.schema import to_json
from edge_runtime.errors import DatasetError
from edge_runtime.evaluation import Estimate
from trainer.evaluation.augmented import compare_augmented
from trainer.evaluation.cases import Cases
from trainer.evaluation.contact_sheet import plot_contact_sheet
from trainer.evaluation.figures import RESAMPLES, all_figures, predictive_values
from trainer.evaluation.model_card import model_card
from trainer.evaluation.page import page
from trainer.evaluation.plots import draw_figures, plot_subgroups
from trainer.evaluation.predict import cases_of_data, data_name
from trainer.evaluation.run_folder import (
    OUT_OF_FOLD,
    OUT_OF_FOLD_NAME,
    Run,
    cases_of_split,
    read_run,
)
from trainer.evaluation.subgroups import MEASURED, Subgroup, measure_subgroups
from trainer.evaluation.wording import NOT_MEASURED
from trainer.plots import plot_curves

METRICS_FILE, SUBGROUPS_FILE = "metrics.json", "subgroups.csv"
PAGE_FILE, CARD_FILE, PLOTS_FOLDER = "report.html", "model_card.md", "plots"


@dataclass(frozen=True, kw_only=True)
class EvaluateConfig:
    """Options of ``melanoma-train evaluate``.

    Attributes:
        run: Folder that ``melanoma-train fit`` wrote.
        data: Another data set; None evaluates the run's own pictures.
        split: Which split; None is the run's default, or all of another data set.
        out: Folder to write; None is ``evaluation-<split or data set>`` in the run folder.
        prevalence: Share of the positive class for PPV and NPV, in (0, 1).
        tta: Compare with test-time augmentation.
    """

    run: Path
    data: Path | None = None
    split: str | None = None
    out: Path | None = None
    prevalence: float = 0.02
    tta: bool = False

    def output(self, split: str | None) -> Path:
        """The folder that is written."""
        name = "-".join(part for part in (self.data and data_name(self.data), split) if part)
        return self.out or self.run / f"evaluation-{name}"


def evaluate(config: EvaluateConfig) -> dict[str, Any]:
    """Evaluate a run and write the evaluation folder.

    Returns:
        The content of its ``metrics.json``.

    Raises:
        OutputExistsError: If the output exists.
        InputError: If the run folder is none.
        ContractError: If its card draft or its model is damaged.
        DatasetError: If there are no pictures to evaluate, or none for ``tta``.
        MissingDependencyError: If matplotlib is missing, or Keras where it is needed.
    """
    run = read_run(config.run)
    split = config.split or (None if config.data else run.default_split)
    out = config.output(split)
    require_absent(out)
    if split == OUT_OF_FOLD and config.tta:
        raise DatasetError(
            "expected pictures that the kept model did not see, for --tta. Received: out-of-fold "
            "scores, which the models of the folds gave. Use --data OTHER or --split valid."
        )
    cases = _cases(run, config.data, split)
    for remark in cases.remarks:
        log.warning("warning: %s", remark)
    for reason, count in cases.left_out.items():
        log.warning("left out: %d pictures: %s", count, reason)
    threshold, seed = run.draft.operating_point.threshold, run.draft.training.seed
    figures = all_figures(cases, threshold, seed)
    subgroups = measure_subgroups(cases, threshold, seed, run.draft.preprocessing)
    result = _result(run, cases, figures, config) | {"subgroups": [_row(s) for s in subgroups]}
    result["split"] = split
    result["tta"] = compare_augmented(run, cases) if config.tta else None
    work = out.with_name(out.name + ".partial")
    shutil.rmtree(work, ignore_errors=True)
    (work / PLOTS_FOLDER).mkdir(parents=True)
    _write_plots(work / PLOTS_FOLDER, run, cases, figures, subgroups)
    _write(work, cases, result)
    work.rename(out)
    return result


def _cases(run: Run, data: Path | None, split: str | None) -> Cases:
    if data is None:
        return cases_of_split(run, split or run.default_split)
    return cases_of_data(run, data, split)


def _result(
    run: Run, cases: Cases, figures: dict[str, Estimate], config: EvaluateConfig
) -> dict[str, Any]:
    draft = run.draft
    threshold, seed = draft.operating_point.threshold, draft.training.seed
    values = predictive_values(cases, threshold, config.prevalence, seed)
    return {
        "notice": NOTICE,
        "model": draft.name,
        "evaluated": cases.name,
        "own_data": config.data is None,
        "out_of_fold": cases.name == OUT_OF_FOLD_NAME,
        "pictures": cases.counts,
        "grouped_by": cases.grouped_by,
        "left_out": dict(cases.left_out),
        "remarks": list(cases.remarks),
        "labels": {"negative": draft.labels.negative, "positive": draft.labels.positive},
        "temperature": draft.temperature,
        "operating_point": to_json(draft.operating_point),
        "training": to_json(draft.training),
        "architecture": to_json(draft.architecture),
        "resamples": RESAMPLES,
        "metrics": {name: figure.as_dict() for name, figure in figures.items()},
        "prevalence": config.prevalence,
        "predictive_values": {name: value.as_dict() for name, value in values.items()},
        "licences": _licences(cases),
    }


def _licences(cases: Cases) -> list[str]:
    """What the metadata name as licence of the pictures; empty where they name none."""
    keys = ("license", "licence", "copyright_license")
    rows = (cases.metadata.get(picture.file, {}) for picture in cases.pictures)
    return sorted({row[key] for row in rows for key in keys if row.get(key)})


def _row(subgroup: Subgroup) -> dict[str, Any]:
    figures = {name: getattr(subgroup, name).as_dict() for name in MEASURED}
    names = ("attribute", "value", "pictures", "positive", "groups")
    return {name: getattr(subgroup, name) for name in names} | figures


def _write_plots(
    folder: Path,
    run: Run,
    cases: Cases,
    figures: dict[str, Estimate],
    subgroups: Sequence[Subgroup],
) -> None:
    threshold = run.draft.operating_point.threshold
    if run.history:
        plot_curves(run.history, folder / "curves.png", kept_epoch=run.kept_epoch)
    if cases.both_classes:
        draw_figures(folder, cases, figures, threshold)
    plot_contact_sheet(folder / "worst.png", cases, threshold, run.draft.preprocessing)
    if subgroups:
        plot_subgroups(folder / "subgroups.png", subgroups, figures)


def _write(work: Path, cases: Cases, result: dict[str, Any]) -> None:
    text = json.dumps(result, indent=2, sort_keys=True, allow_nan=False)
    (work / METRICS_FILE).write_text(text + "\n", encoding="utf-8")
    write_pictures(work / SCORES_FILE, cases.pictures)
    _write_subgroups(work / SUBGROUPS_FILE, result["subgroups"])
    plots = {path.stem: path.read_bytes() for path in sorted((work / PLOTS_FOLDER).iterdir())}
    for name, content in ((PAGE_FILE, page(result, plots)), (CARD_FILE, model_card(result))):
        (work / name).write_text(content, encoding="utf-8", errors="backslashreplace")


def _write_subgroups(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """One row per part; a figure that is undefined reads ``not measured``."""
    counts = ("attribute", "value", "pictures", "positive", "groups")
    ends = [(name, end) for name in MEASURED for end in ("value", "low", "high")]
    with path.open("w", newline="", encoding="utf-8", errors="backslashreplace") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([*counts, *(f"{n}_{e}" if e != "value" else n for n, e in ends)])
        for row in rows:
            figures = [row[name][end] for name, end in ends]
            cells = [NOT_MEASURED if cell is None else repr(cell) for cell in figures]
            writer.writerow([*(row[name] for name in counts), *cells])
