"""The plots of an evaluation, in the style of the training run's plots."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.contract.labels import Labels
from edge_runtime.contract.operating_point import wilson_interval
from edge_runtime.evaluation import Estimate, confusion
from edge_runtime.evaluation.ranking import Ranking
from trainer.evaluation.cases import Cases
from trainer.evaluation.lettering import drawable
from trainer.evaluation.subgroups import NOT_ESTIMATED, UNKNOWN, Subgroup
from trainer.plot_style import BLUE, DOTTED, FAINT, INK, QUIET, VERMILION, write_png
from trainer.plots import plot_confusion, plot_roc

BINS = 15  # as many, and of equal mass, as the expected calibration error has
_SCORE_TICKS = (0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999)
_SHARE_TICKS = (0.0, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
_LOG_ODDS_END = 9.0
_HISTOGRAM_BINS = 48
_LONGEST_PART = 28


def draw_figures(
    folder: Path, cases: Cases, figures: Mapping[str, Estimate], threshold: float
) -> None:
    """Write ROC, precision–recall, reliability, histograms and confusion matrix as PNG files.

    Args:
        folder: An existing folder for them.
        cases: Pictures of both classes.
        figures: Of these, by name, with ``roc_auc``, ``pr_auc``, ``ece`` and the rates.
        threshold: Of the operating point, in [0, 1].

    Raises:
        MissingDependencyError: matplotlib is not installed.
    """
    labels, scores = cases.labels, cases.scores
    # A dollar would begin a formula.
    name = drawable(cases.name, _LONGEST_PART).replace("$", r"\$")
    point = (figures["sensitivity"].value, 1 - figures["specificity"].value)
    plot_roc(
        folder / "roc.png",
        {name: (labels, scores)},
        {name: figures["roc_auc"]},
        operating_points={name: point},
    )
    plot_precision_recall(folder / "precision_recall.png", labels, scores, figures)
    plot_reliability(folder / "reliability.png", labels, scores, figures["ece"])
    plot_scores(folder / "scores.png", labels, scores, threshold)
    plot_confusion(
        confusion(labels, scores, threshold),
        folder / "confusion_matrix.png",
        title=f"{name} at threshold {threshold:.3f}",
    )


def plot_precision_recall(
    path: Path,
    labels: npt.NDArray[np.int_],
    scores: npt.NDArray[np.float64],
    figures: Mapping[str, Estimate],
) -> None:
    """Write the precision–recall curve, as steps, with the operating point, to a PNG file.

    Args:
        path: Where the file goes.
        labels: 0 or 1, both present, shape (n,).
        scores: In [0, 1], shape (n,).
        figures: With ``pr_auc``, ``precision`` and ``recall``.
    """
    counts = Ranking.of(labels, scores).counts(np.ones((1, len(labels)), np.int64))
    tp, fp = counts.tp[0, 1:], counts.fp[0, 1:]
    recall, precision = np.append(0.0, tp / tp[-1]), tp / (tp + fp)
    precision = np.append(precision[0], precision)
    share, area = float(labels.mean()), figures["pr_auc"]

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        axes.axhline(share, color=FAINT, linewidth=1.0)
        axes.text(0.0, share + 0.012, f"chance: {share:.3f}", color=QUIET, fontsize=8)
        # Between two thresholds precision is that of the lower one.
        axes.step(recall, precision, where="pre", color=BLUE, label=f"average {area}")
        at = (figures["recall"].value, figures["precision"].value)
        if not any(np.isnan(at)):
            text = f"recall {at[0]:.3f}, precision {at[1]:.3f}"
            axes.plot(*at, "o", color=BLUE, markersize=7, markeredgecolor="white", label=text)
        axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
        axes.set(xlabel="Recall (sensitivity)", ylabel="Precision")
        title = f"Precision [{area.confidence:.0%} interval]"
        axes.legend(loc="upper right", title=title, alignment="left", handlelength=1.6)

    write_png(path, (4.5, 4.7), draw)


def reliability_bins(
    labels: npt.NDArray[np.int_], scores: npt.NDArray[np.float64], bins: int = BINS
) -> list[tuple[float, int, int]]:
    """Mean score, positives and pictures of each bin of equal mass, lowest scores first.

    Equal scores share a bin, by their middle rank, as in the expected calibration error.

    Args:
        labels: 0 or 1, shape (n,).
        scores: In [0, 1], shape (n,).
        bins: At most so many.
    """
    _, tie, sizes = np.unique(scores, return_inverse=True, return_counts=True)
    place = ((np.cumsum(sizes) - sizes / 2) * bins / len(scores)).astype(np.intp)[tie]
    chosen = [place == k for k in range(bins)]
    return [
        (float(scores[c].mean()), int(labels[c].sum()), int(c.sum())) for c in chosen if c.any()
    ]


def plot_reliability(
    path: Path,
    labels: npt.NDArray[np.int_],
    scores: npt.NDArray[np.float64],
    error: Estimate,
) -> None:
    """Write share of positives against mean score, with Wilson intervals, to a PNG file.

    Both axes are square roots: scores of a rare class crowd near 0.

    Args:
        path: Where the file goes.
        labels: 0 or 1, shape (n,).
        scores: In [0, 1], shape (n,).
        error: The expected calibration error.
    """
    rows = reliability_bins(labels, scores)

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        axes.set_xscale("function", functions=(_root, np.square))
        axes.set_yscale("function", functions=(_root, np.square))
        axes.plot((0, 1), (0, 1), color=FAINT, linewidth=1.0)
        means = [mean for mean, _, _ in rows]
        shares = [positive / count for _, positive, count in rows]
        ends = [wilson_interval(positive, count) for _, positive, count in rows]
        axes.vlines(means, *zip(*ends, strict=True), color=BLUE, linewidth=1.0, alpha=0.55)
        axes.plot(
            means, shares, "o-", color=BLUE, markersize=5, markeredgecolor="white", clip_on=False
        )
        axes.set(xlim=(-1e-4, 1.02), ylim=(-1e-4, 1.02), aspect="equal")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_ticks(_SHARE_TICKS, [f"{tick:g}" for tick in _SHARE_TICKS])
            axis.set_ticks((), minor=True)
        axes.set(xlabel="Mean score of the bin", ylabel=f"Share of {Labels().positive}")
        text = f"ECE {error}, {len(rows)} bins of about {len(labels) / len(rows):.0f} pictures"
        axes.set_title(text, fontsize=8, fontweight="normal")
        axes.text(0.62, 0.55, "as scored", rotation=45, color=QUIET, fontsize=8, va="top")

    write_png(path, (4.5, 4.7), draw)


def _root(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    # Matplotlib asks for places outside the axes too.
    return np.asarray(np.sqrt(np.maximum(values, 0.0)))


def plot_scores(
    path: Path,
    labels: npt.NDArray[np.int_],
    scores: npt.NDArray[np.float64],
    threshold: float,
) -> None:
    """Write a histogram of the scores of each class, on log odds, to a PNG file.

    Args:
        path: Where the file goes.
        labels: 0 or 1, both present, shape (n,).
        scores: In [0, 1], shape (n,).
        threshold: Of the operating point, in [0, 1].
    """
    names = Labels()
    odds = _log_odds(scores)
    low, high = (round(float(end)) for end in (odds.min() - 0.5, odds.max() + 0.5))
    edges = np.linspace(low, high, _HISTOGRAM_BINS + 1)

    def draw(figure: Any) -> None:
        panels = figure.subplots(2, 1, sharex=True)
        classes = ((1, names.positive, VERMILION), (0, names.negative, BLUE))
        for axes, (label, name, colour) in zip(panels, classes, strict=True):
            mine = odds[labels == label]
            axes.hist(mine, edges, color=colour, alpha=0.8)
            axes.set_title(f"{name}, {len(mine):,} pictures")
            referred = float((scores[labels == label] >= threshold).mean())
            axes.set_title(f"{referred:.1%} referred", loc="right", fontsize=8, fontweight="normal")
            axes.axvline(_log_odds(np.array([threshold]))[0], color=INK, linewidth=1.0)
            axes.set_ylabel("Pictures")
        panels[0].set_xlim(low, high)
        ticks = [t for t in _SCORE_TICKS if low <= _log_odds(np.array([t]))[0] <= high]
        panels[1].set_xticks(_log_odds(np.array(ticks)), [f"{t:g}" for t in ticks])
        panels[1].set_xlabel(f"Score, spaced by log odds; line: threshold {threshold:.3f}")

    write_png(path, (7.4, 3.9), draw)


def _log_odds(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    with np.errstate(divide="ignore"):
        odds = np.log(scores) - np.log1p(-scores)
    return np.asarray(np.clip(odds, -_LOG_ODDS_END, _LOG_ODDS_END))


def plot_subgroups(path: Path, rows: Sequence[Subgroup], overall: Mapping[str, Estimate]) -> None:
    """Write sensitivity and specificity of every part, with intervals, to a PNG file.

    Args:
        path: Where the file goes.
        rows: The parts; at least one.
        overall: ``sensitivity`` and ``specificity`` of all pictures, drawn as lines.

    Raises:
        MissingDependencyError: matplotlib is not installed.
    """
    names = [f"{_part_name(row)} ({row.positive}/{row.pictures})" for row in rows]
    changes = [k for k in range(1, len(rows)) if rows[k].attribute != rows[k - 1].attribute]

    def draw(figure: Any) -> None:
        panels = figure.subplots(1, 2, sharey=True)
        for axes, name in zip(panels, ("sensitivity", "specificity"), strict=True):
            axes.set_title(name.capitalize())
            if not np.isnan(overall[name].value):
                style = {"color": QUIET, "linewidth": 0.9, "linestyle": DOTTED, "zorder": 1}
                axes.axvline(overall[name].value, **style)
            for place, row in enumerate(rows):
                _draw_interval(axes, place, getattr(row, name))
            for place in changes:
                axes.axhline(place - 0.5, color=FAINT, linewidth=0.7)
            axes.set(xlim=(-0.02, 1.02), ylim=(len(rows) - 0.4, -0.6))
            axes.tick_params(axis="y", length=0)
        panels[0].set_yticks(range(len(rows)), names, parse_math=False)
        panels[0].set_xlabel(f"in brackets: {Labels().positive} / all", fontsize=8, color=QUIET)
        panels[1].set_xlabel("dotted: all pictures", fontsize=8, color=QUIET)

    write_png(path, (7.4, 1.1 + 0.21 * len(rows)), draw)


def _part_name(row: Subgroup) -> str:
    shown = drawable(row.value, _LONGEST_PART)
    return f"{row.attribute} {shown}" if row.value in (UNKNOWN, NOT_ESTIMATED) else shown


def _draw_interval(axes: Any, place: int, estimate: Estimate) -> None:
    if np.isnan(estimate.value):
        axes.text(0.0, place, "not measured", color=QUIET, fontsize=7, va="center")
        return
    axes.hlines(place, estimate.low, estimate.high, color=BLUE, linewidth=1.4)
    axes.plot(estimate.value, place, "o", color=BLUE, markersize=5, markeredgecolor="white")
