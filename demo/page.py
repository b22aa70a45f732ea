"""The page: what happened on the first screen, everything behind it below."""

from pathlib import Path
from string import Template

from demo.gather import Report
from demo.overview import pictures_list, pictures_note, results_strip
from demo.sections import (
    benchmark_notes,
    card_table,
    limits_list,
    next_steps,
    plot_figures,
    steps_list,
    variants_table,
)
from demo.steps import duration
from demo.wording import number_word
from edge_runtime.contract.card import NOTICE
from edge_runtime.markup import Markup, element, join

TEMPLATE = Path(__file__).with_name("report.html")
DEMONSTRATION = (
    "The model is a demonstration: it was trained on drawn pictures and its scores mean nothing."
)


def render(report: Report) -> str:
    """The whole page, which loads nothing from anywhere else."""
    template = Template(TEMPLATE.read_text(encoding="utf-8"))
    return template.substitute(
        notice=join(NOTICE),
        lead=join(_lead(report)),
        warning=_warning(report),
        shown_note=pictures_note(report),
        pictures=pictures_list(report),
        strip=results_strip(report),
        steps=steps_list(report),
        variants=variants_table(report),
        benchmark_notes=benchmark_notes(report),
        plots=plot_figures(report),
        card=card_table(report.card),
        next=next_steps(report),
        limits=limits_list(report),
        created=join(report.results.created.replace("T", " ").replace("+00:00", " UTC")),
        version=join(report.card.conversion.versions.get("melanoma-edge", "")),
    )


def _lead(report: Report) -> str:
    pictures = f"{sum(report.counts.values()):,}"
    begun = (
        f"drew {pictures} lesion-like pictures"
        if report.data_name is None
        else f"took the {pictures} labelled pictures of “{report.data_name}”"
    )
    return (
        f"In {duration(sum(step.seconds for step in report.steps))} this machine {begun}, "
        "trained one neuron on a frozen InceptionV3, exported it as TensorFlow Lite files and let "
        f"the edge runtime assess {number_word(len(report.shown))} test pictures."
    )


def _warning(report: Report) -> Markup:
    drawn = report.card.training.demonstration
    return element(
        "p",
        *((element("strong", DEMONSTRATION), " ") if drawn else ()),
        element("strong", NOTICE),
        class_="warning",
    )
