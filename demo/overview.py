"""The first screen: the assessed pictures and the key figures."""

from benchmarks.results import Figure, ModelResult
from demo.gather import Report, Shown
from demo.wording import (
    NOTHING,
    bounds,
    latency_p50,
    megabytes,
    number_word,
    percent,
    variant_name,
)
from edge_runtime.assessment import Decision
from edge_runtime.contract.card import ModelCard
from edge_runtime.markup import Markup, element, join

_SPLIT_NAMES = {"train": "training", "valid": "validation", "test": "test"}
_CHANCE = 0.5


def pictures_note(report: Report) -> Markup:
    """How the pictures were chosen and how their bars read."""
    point = report.card.operating_point
    return join(
        f"{number_word(len(report.shown)).capitalize()} pictures that the model was not trained "
        "on, chosen by seed, not by success. A score at or above the threshold ",
        element("span", "", class_="tick", aria_hidden="true"),
        f" {point.threshold:.3f} is referred. {_referrals(report)}",
    )


def _referrals(report: Report) -> str:
    """What the same file does on all test pictures: six may all come out right, or all wrong."""
    labels = report.card.labels
    model = next(m for m in report.results.models if m.variant == report.card.variant)
    figures, pictures = model.accuracy.figures, report.results.pictures
    sensitivity, specificity = figures["sensitivity"].value, figures["specificity"].value
    if sensitivity is None or specificity is None:
        return ""
    negative = pictures.scored - pictures.positive
    return (
        f"Of all test pictures it refers {round(sensitivity * pictures.positive)} of "
        f"{pictures.positive} {labels.positive} and {round((1 - specificity) * negative)} of "
        f"{negative} {labels.negative} ones."
    )


def pictures_list(report: Report) -> Markup:
    """The assessed pictures with known label, score, threshold and decision."""
    cards = (element("li", _picture(shown, report)) for shown in report.shown)
    return element("ul", *cards, class_="pictures")


def _picture(shown: Shown, report: Report) -> Markup:
    kind = "Picture" if report.data_name else "Drawn picture"
    decision = element(
        "code", shown.decision, class_="decision " + shown.decision.lower().replace("_", "-")
    )
    return element(
        "figure",
        element(
            "img",
            src=shown.thumbnail,
            alt=f"{kind} of a lesion labelled {shown.label}",
            title=shown.name,
        ),
        element(
            "figcaption",
            element("p", "labelled ", element("b", shown.label), class_="label"),
            _score_bar(shown, report.card),
            element("p", decision, _verdict(shown, report.card), class_="outcome"),
        ),
    )


def _score_bar(shown: Shown, card: ModelCard) -> Markup:
    threshold = card.operating_point.threshold
    mark = element("span", "", class_="mark", style=f"left:{percent(threshold)}")
    number = NOTHING if shown.score is None else f"{shown.score:.3f}"
    referred = " refer" if shown.decision == Decision.REFER else ""
    fill = element("span", "", class_="fill" + referred, style=f"width:{percent(shown.score or 0)}")
    told = f"score {'none' if shown.score is None else number}, threshold {threshold:.3f}"
    bar = element("span", fill, mark, class_="bar", role="img", aria_label=told)
    return element("p", bar, element("span", number, class_="number"), class_="score")


def _verdict(shown: Shown, card: ModelCard) -> Markup:
    """Whether the decision goes with the label, in words."""
    positive = shown.label == card.labels.positive
    words, kind = {
        (Decision.REFER, True): ("as labelled", "agrees"),
        (Decision.NO_REFERRAL, False): ("as labelled", "agrees"),
        (Decision.REFER, False): ("needless", "differs"),
        (Decision.NO_REFERRAL, True): ("missed", "differs"),
    }.get((Decision(shown.decision), positive), ("not scored", "differs"))
    return element("span", words, class_=f"verdict {kind}")


def results_strip(report: Report) -> Markup:
    """Pictures, accuracy with intervals, size and latency."""
    return join(_counts(report), _key_figures(report))


def _counts(report: Report) -> Markup:
    total = sum(report.counts.values())
    parts = [
        element("span", "", class_=f"part {split}", style=f"flex-grow:{count}")
        for split, count in report.counts.items()
    ]
    legend = [
        element("li", element("b", f"{count:,}"), f" {_SPLIT_NAMES[split]}", class_=split)
        for split, count in report.counts.items()
    ]
    return element(
        "div",
        element("p", element("b", f"{total:,}"), " pictures", class_="total"),
        element("div", *parts, class_="stack", aria_hidden="true"),
        element("ul", *legend, class_="legend"),
        class_="counts",
    )


def _key_figures(report: Report) -> Markup:
    results = report.results
    figures = [model.accuracy.figures["roc_auc"] for model in results.models]
    lowest = min((f.low for f in figures if f.low is not None), default=_CHANCE)
    start = _CHANCE if lowest >= _CHANCE else 0.0
    scored = f"On {results.pictures.scored:,} test pictures and this machine"
    name, auc, size, latency = (
        element("th", text, scope="col")
        for text in ("model", "ROC-AUC, 95 % interval", "size", "latency, p50")
    )
    whole = element(
        "table",
        element("caption", scored),
        element("thead", element("tr", name, auc, element("td", "", class_="plot"), size, latency)),
        element("tbody", *(_key_row(model, start) for model in results.models)),
        element("tfoot", _axis_row(start)),
    )
    return element("div", whole, class_="figures")


def _key_row(model: ModelResult, start: float) -> Markup:
    auc = model.accuracy.figures["roc_auc"]
    value = "undefined" if auc.value is None else f"{auc.value:.3f}"
    return element(
        "tr",
        element("th", variant_name(model), scope="row"),
        element("td", element("b", value), " ", element("small", bounds(auc))),
        element("td", _whisker(auc, start), class_="plot"),
        element("td", megabytes(model)),
        element("td", latency_p50(model)),
    )


def _whisker(figure: Figure, start: float) -> Markup:
    if figure.value is None or figure.low is None or figure.high is None:
        return element("span", NOTHING)
    low, value, high = (
        (part - start) / (1 - start) for part in (figure.low, figure.value, figure.high)
    )
    return element(
        "span",
        element("span", "", class_="range", style=f"left:{percent(low)};right:{percent(1 - high)}"),
        element("span", "", class_="dot", style=f"left:{percent(value)}"),
        class_="whisker",
        aria_hidden="true",
    )


def _axis_row(start: float) -> Markup:
    chance = " (chance)" if start == _CHANCE else ""
    ends = (element("span", f"{start:g}{chance}"), element("span", "1"))
    axis = element("span", *ends, class_="axis")
    empty = element("td", "")
    plot = element("td", axis, class_="plot")
    return element("tr", empty, empty, plot, empty, empty, aria_hidden="true")
