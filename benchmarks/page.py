"""A benchmark as one page that needs nothing but itself."""

from collections.abc import Mapping, Sequence

from benchmarks.plot_footprint import MEMORY_CAPTION, OPERATORS_CAPTION
from benchmarks.plot_latency import LATENCY_CAPTION, STAGES_CAPTION
from benchmarks.plot_operator_time import CAPTION as OPERATOR_TIME_CAPTION
from benchmarks.plot_pareto import CAPTION as PARETO_CAPTION
from benchmarks.report_rows import Panel
from benchmarks.report_tables import tables
from edge_runtime.contract.card import NOTICE
from edge_runtime.markup import Markup, bullets, element, join, picture, table
from edge_runtime.sinks import DEMONSTRATION
from trainer.evaluation.page_style import STYLE

PLOTS = {
    "accuracy_latency": ("Accuracy against latency", PARETO_CAPTION),
    "latency": ("Distribution of latency", LATENCY_CAPTION),
    "stages": ("Where the time goes", STAGES_CAPTION),
    "memory_size": ("Memory and size", MEMORY_CAPTION),
    "operators": ("What a file computes", OPERATORS_CAPTION),
    "operator_time": ("Time by operator", OPERATOR_TIME_CAPTION),
}
METHOD = (
    "Accuracy: every picture through the device's own code, from file to decision. Sensitivity and "
    "specificity at the threshold that the model file carries for its variant.",
    "Intervals: 95 %, bootstrap over lesions; Wilson's formula for a share of 0 or 1.",
    "Differences are paired, on the same pictures: DeLong's test for ROC-AUC by lesions, "
    "McNemar's exact test for decisions. Variants are compared with float32, other software with "
    "the device's code running the same file. “Gained”: decisions that only the row gets right; "
    "“lost”: that only its reference gets right.",
    "Latency: single queries one after the other, the scenario SingleStream of MLPerf. A "
    "percentile is a latency that occurred; its bound is MLPerf's early-stopping estimate at 99 % "
    "confidence.",
    "Rounds: each a process of its own; rows take turns, so that a busy moment does not hit one "
    "row alone. With 5 rounds their range holds the median of all such rounds with 94 %.",
    "Memory: resident set of a process that does nothing else, as the kernel counts it.",
)
LIMITS = (
    "Latency and memory hold for the named machine. Hosts stand in panels of their own; the order "
    "of rows on one says nothing about the order on another.",
    "Desktop processors without integer dot products favour float; on a board the order may turn.",
    "Intervals that overlap do not show that two rows are equal, nor that they differ: read the "
    "paired differences.",
    "Accuracy holds for pictures like these. Another camera, clinic or skin tone may give less.",
)
_NAMED = 4  # noisy rows at the top of the page
_EXTRA_STYLE = """
main { max-width: 1180px; }
td, tbody th { font-size: 13.5px; padding-right: 16px; }
h3 { margin-top: 18px; }
figure h3 { margin-top: 0; }
figure { margin-bottom: 14px; }
.wide img { max-width: 1000px; }
"""


def page(panels: Sequence[Panel], plots: Mapping[str, bytes]) -> str:
    """The whole page as HTML.

    Args:
        panels: At least one.
        plots: PNG files by their names in :data:`PLOTS`; those that are missing are left out.
    """
    models = " and ".join(dict.fromkeys(panel.model for panel in panels))
    head = element(
        "head",
        Markup('<meta charset="utf-8">'),
        Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Markup('<meta name="color-scheme" content="light dark">'),
        Markup('<link rel="icon" href="data:,">'),
        element("title", f"Benchmark of {models}"),
        element("style", Markup(STYLE + _EXTRA_STYLE)),
    )
    main = element(
        "main",
        _opening(panels, models),
        *(
            picture(plots[name], *texts, wide=True)
            for name, texts in PLOTS.items()
            if name in plots
        ),
        *(_tables(panel) for panel in panels),
        element("h2", "Method"),
        bullets(METHOD),
        *(_environment(panel) for panel in panels),
        element("h2", "Limits"),
        bullets([*LIMITS, *_energy(panels)]),
    )
    return f"<!DOCTYPE html>\n{element('html', head, element('body', main), lang='en')}\n"


def _opening(panels: Sequence[Panel], models: str) -> Markup:
    hosts = " · ".join(dict.fromkeys(panel.host for panel in panels))
    warning = f" {DEMONSTRATION}" if any(panel.demonstration for panel in panels) else ""
    return join(
        element("h1", f"Benchmark of {models}"),
        element("p", hosts, class_="quiet"),
        element("p", element("strong", NOTICE), warning, class_="notice"),
        *(element("p", sentence) for sentence in _noise(panels)),
    )


def _noise(panels: Sequence[Panel]) -> list[str]:
    timed = [row for panel in panels for row in panel.rows if row.stages]
    noisy = [row.label for row in timed if row.noisy]
    if not noisy:
        return []
    named = ": " + ", ".join(noisy) if len(noisy) <= _NAMED else ""
    return [
        f"{len(noisy)} of {len(timed)} rows are noisy{named}. “What ran” says why; repeat them on "
        "a quiet machine before citing their latency."
    ]


def _energy(panels: Sequence[Panel]) -> list[str]:
    meters = dict.fromkeys(row.energy_meter for panel in panels for row in panel.rows)
    named = [meter for meter in meters if meter]
    if not named:
        return ["Energy was not measured: no meter was found (INA2xx or another sensor, or RAPL)."]
    return [f"Energy: what the meter covers ({', '.join(named)}), idle need included."]


def _tables(panel: Panel) -> Markup:
    return join(
        element("h2", panel.title),
        element("p", f"{panel.host_detail}; {panel.created}", class_="quiet"),
        *(
            join(element("h3", one.title), table(one.head, one.rows, name=one.title))
            for one in tables(panel)
        ),
        element(
            "p",
            "Brackets: 95 % intervals; “by the bare loop”: range over rounds. "
            "A dash: not measured or not applicable.",
            class_="quiet",
        ),
    )


def _environment(panel: Panel) -> Markup:
    skipped = [f"{name} was left out: {why}" for name, why in panel.skipped.items()]
    return join(element("h3", panel.title), bullets([*panel.about, *skipped]))
