"""The report as one page that needs nothing but itself."""

from collections.abc import Mapping
from typing import Any

from edge_runtime.contract.card import Architecture
from edge_runtime.markup import Markup, bullets, element, join, picture, table
from trainer.evaluation.method import method
from trainer.evaluation.page_style import STYLE
from trainer.evaluation.wording import (
    INTENDED_USE,
    NAMES,
    NOT_MEASURED,
    data_sentence,
    limits,
    split_counts,
    tta_sentence,
    with_interval,
)

_PLOTS = (
    ("roc", "ROC curve", "The dot is the operating point."),
    ("precision_recall", "Precision and recall", "At the share of positives of these pictures."),
    (
        "reliability",
        "Reliability",
        "Bins of equal mass with 95 % Wilson intervals; axes are square roots.",
    ),
    ("confusion_matrix", "Decisions", "Shares are those of each row."),
)
_WIDE_PLOTS = (
    ("scores", "Scores by class", "Scores at or above the line are referred."),
    ("curves", "Training", "Of the training run; the dots mark the epoch that was kept."),
)
_WORST = (
    "Pictures as the model sees them, with score and file name. They are pictures of people: this "
    "page must not go further than the data may."
)


def page(result: Mapping[str, Any], plots: Mapping[str, bytes]) -> str:
    """The whole page as HTML.

    Args:
        result: Content of ``metrics.json``.
        plots: PNG files by name, without suffix; those that are missing are left out.
    """
    title = f"{result['model']}: {result['evaluated']}"
    head = element(
        "head",
        Markup('<meta charset="utf-8">'),
        Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Markup('<meta name="color-scheme" content="light dark">'),
        Markup('<link rel="icon" href="data:,">'),
        element("title", f"Evaluation of {title}"),
        element("style", Markup(STYLE)),
    )
    main = element(
        "main",
        _first_screen(dict(result), title),
        _figures(result),
        _plots(plots),
        _subgroups(result, plots),
        _augmented(result),
        _worst(plots),
        element("h2", "Method"),
        bullets(method(dict(result))),
    )
    body = element("html", head, element("body", main), lang="en")
    return f"<!DOCTYPE html>\n{body}\n"


def _first_screen(result: dict[str, Any], title: str) -> Markup:
    names = ("roc_auc", "sensitivity", "specificity", "pr_auc")
    return join(
        element("h1", f"Evaluation of {title}"),
        element("p", data_sentence(result), class_="quiet"),
        element("p", element("strong", result["notice"]), " ", INTENDED_USE, class_="notice"),
        element(
            "dl", *(_key_figure(name, result["metrics"][name]) for name in names), class_="key"
        ),
        element(
            "div",
            element("div", element("h2", "What the model does"), bullets(_model(result))),
            element("div", element("h2", "Limits"), bullets(limits(result))),
            class_="two first",
        ),
    )


def _key_figure(name: str, row: Mapping[str, Any]) -> Markup:
    text = with_interval(dict(row))
    value, _, interval = text.partition(" [")
    if text == NOT_MEASURED:
        value, interval = NOT_MEASURED, ""
    return element(
        "div",
        element("dt", NAMES[name]),
        element("dd", value, class_="value"),
        element("dd", f"95 %: {interval.rstrip(']')}" if interval else " ", class_="range"),
    )


def _model(result: Mapping[str, Any]) -> list[str]:
    point, architecture = result["operating_point"], Architecture(**result["architecture"])
    labels, training = result["labels"], result["training"]
    return [
        f"Scores a picture between {labels['negative']} (0) and {labels['positive']} (1) and "
        f"refers it at {point['threshold']:.4f} or above.",
        f"The threshold is to reach {point['rule']} {point['target']:g}; it was chosen on the "
        f"{point['chosen_on']} split.",
        f"{architecture.description}, started from {architecture.initial_weights[:23]}.",
        f"Pictures of the run: {split_counts(dict(result))}; kept together by "
        f"{training['grouped_by']}, seed {training['seed']}.",
    ]


def _figures(result: Mapping[str, Any]) -> Markup:
    share = f"{result['prevalence']:.1%}"
    rows = [(NAMES[name], with_interval(row)) for name, row in result["metrics"].items()]
    rows += [
        (f"{NAMES[name]} where {share} are {result['labels']['positive']}", with_interval(row))
        for name, row in result["predictive_values"].items()
    ]
    return join(
        element("h2", "Figures"),
        table(("Figure", "Value [95 % interval]"), rows, name="Figures"),
    )


def _plots(plots: Mapping[str, bytes]) -> Markup:
    shown = [picture(plots[name], *text) for name, *text in _PLOTS if name in plots]
    shown += [
        picture(plots[name], *text, wide=True) for name, *text in _WIDE_PLOTS if name in plots
    ]
    if not shown:
        return Markup("")
    return join(element("h2", "Plots"), element("div", *shown, class_="two"))


def _subgroups(result: Mapping[str, Any], plots: Mapping[str, bytes]) -> Markup:
    if not result["subgroups"]:
        text = "No metadata and no pictures: parts of the pictures were not measured."
        return join(element("h2", "Parts of the pictures"), element("p", text))
    names = ("roc_auc", "sensitivity", "specificity")
    rows = [
        (
            f"{row['attribute']}: {row['value']}",
            f"{row['positive']:,} / {row['pictures']:,}",
            *(with_interval(row[name]) for name in names),
        )
        for row in result["subgroups"]
    ]
    head = ("Part", f"{result['labels']['positive']} / all", *(NAMES[name] for name in names))
    text = (
        "“Not measured” stands where a part has no picture of the class that the figure counts. "
        "Skin tone is an estimate from the picture's border; see the method."
    )
    forest = "Dots with 95 % intervals; the dotted line is the figure of all pictures."
    plot = (
        picture(plots["subgroups"], "Sensitivity and specificity by part", forest, wide=True)
        if "subgroups" in plots
        else Markup("")
    )
    return join(
        element("h2", "Parts of the pictures"),
        element("p", text, class_="quiet"),
        table(head, rows, name="Figures by part"),
        element("div", plot, class_="figures"),
    )


def _augmented(result: Mapping[str, Any]) -> Markup:
    if not result["tta"]:
        return Markup("")
    return join(element("h2", "Test-time augmentation"), element("p", tta_sentence(result["tta"])))


def _worst(plots: Mapping[str, bytes]) -> Markup:
    if "worst" not in plots:
        return Markup("")
    return join(
        element("h2", "Worst cases"),
        picture(plots["worst"], "Worst misses and false alarms", _WORST, wide=True),
    )
