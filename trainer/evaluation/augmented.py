"""What eight views of a picture gain over one, and what they cost."""

from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.contract.operating_point import scores_from_logits
from edge_runtime.errors import DatasetError
from edge_runtime.evaluation import bootstrap_difference, bootstrap_metrics
from trainer.evaluation.cases import Cases
from trainer.evaluation.figures import RESAMPLES
from trainer.evaluation.predict import VIEWS, Views, load_logit_model, predict_views
from trainer.evaluation.run_folder import Run

COMPARED = ("roc_auc", "pr_auc", "sensitivity", "specificity")


def compare_augmented(run: Run, cases: Cases) -> dict[str, Any]:
    """Figures with and without test-time augmentation, on the same pictures.

    The logits of the eight symmetries of the square are averaged before temperature, as in the
    multi-view testing of Krizhevsky et al. 2012. Temperature and threshold are those chosen
    with one view.

    Returns:
        ``pictures``, ``views``, ``without`` and ``with`` (figures by name), ``roc_auc_gain``
        (paired), ``decisions_changed``, ``one_view_ms`` and ``all_views_ms`` a picture, and
        ``largest_logit_difference`` of the first view from the recorded logit.

    Raises:
        DatasetError: If the pictures are not there, or the model's input is not square.
        MissingDependencyError: If Keras is not installed.
    """
    views = _all_views(run, cases)
    usable = np.isfinite(views.logits[:, 0])
    single = cases.scores[usable]
    averaged = scores_from_logits(views.logits[usable].mean(axis=1), run.draft.temperature)
    recorded = np.array([picture.logit for picture in cases.pictures])[usable]
    threshold = run.draft.operating_point.threshold
    return _compared(run, cases.labels[usable], cases.groups[usable], single, averaged) | {
        "pictures": int(usable.sum()),
        "views": VIEWS,
        "decisions_changed": int(((single >= threshold) != (averaged >= threshold)).sum()),
        "one_view_ms": 1000 * views.first_s / len(usable),
        "all_views_ms": 1000 * views.all_s / len(usable),
        "largest_logit_difference": float(np.abs(views.logits[usable, 0] - recorded).max()),
    }


def _all_views(run: Run, cases: Cases) -> Views:
    height, width = run.draft.preprocessing.size_hw
    if cases.folder is None or height != width:
        raise DatasetError(
            "--tta needs the pictures themselves and a square input. "
            f"Received: folder={cases.folder}, input={height}×{width}. "
            "Restore the folder that the run was trained on, or leave --tta out."
        )
    views = predict_views(load_logit_model(run), run, cases.folder, cases.pictures, views=VIEWS)
    if len(views.unusable) == len(cases.pictures):
        raise DatasetError(
            "--tta needs the pictures as they were at training. Received: none of these. "
            "Restore the folder that the run was trained on, or leave --tta out."
        )
    return views


def _compared(
    run: Run,
    labels: npt.NDArray[np.int_],
    groups: npt.NDArray[np.str_],
    single: npt.NDArray[np.float64],
    averaged: npt.NDArray[np.float64],
) -> dict[str, Any]:
    """Figures without and with the mean over views, and the paired gain in ROC-AUC."""
    threshold, seed = run.draft.operating_point.threshold, run.draft.training.seed
    result: dict[str, Any] = {}
    for name, scores in (("without", single), ("with", averaged)):
        row = bootstrap_metrics(
            labels, scores, threshold, groups=groups, resamples=RESAMPLES, seed=seed
        )
        result[name] = {figure: row[figure].as_dict() for figure in COMPARED}
    gain = bootstrap_difference(
        labels, single, averaged, groups=groups, resamples=RESAMPLES, seed=seed
    )
    return result | {"roc_auc_gain": gain.as_dict()}
