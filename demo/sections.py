"""What stands below the first screen."""

from benchmarks.report import COLUMNS, interval_text, notes, table_rows
from demo.gather import Report
from demo.steps import duration
from demo.wording import number_word
from edge_runtime.contract.card import ModelCard, TrainingRecord
from edge_runtime.markup import Markup, element, table

_HEADINGS = {
    "MB": "size, MB",
    "ms p50 / p90": "latency p50 / p90, ms",
    "invoke ms": "invoke, ms",
    "open ms": "open, ms",
    "MiB": "memory, MiB",
}


def steps_list(report: Report) -> Markup:
    """The steps with their commands and times."""
    items = (
        element(
            "li",
            element("h3", step.title, " ", element("span", duration(step.seconds), class_="time")),
            element("pre", element("code", step.command), tabindex="0"),
        )
        for step in report.steps
    )
    return element("ol", *items, class_="steps")


def variants_table(report: Report) -> Markup:
    """Every model and variant, as ``melanoma-bench`` compares them."""
    head = tuple(_HEADINGS.get(column, column) for column in COLUMNS)
    return table(head, table_rows(report.results), name="Table of variants")


def benchmark_notes(report: Report) -> Markup:
    """What the table rests on; the notice stands at the top of the page already."""
    said = (report.results.notice,)
    items = (element("li", note) for note in notes(report.results) if note not in said)
    return element("ul", *items, class_="notes")


def plot_figures(report: Report) -> Markup:
    """The plots of the training run and of the benchmark."""
    results = report.results
    auc = {m.variant: interval_text(m.accuracy.figures["roc_auc"], 3) for m in results.models}
    first = next(iter(auc.values()))
    captions = {
        "roc.png": (
            "Keras model: ROC curves of the three splits. Dots: its threshold, chosen on the "
            "validation pictures.",
            f"ROC curves; area on the test pictures {first}",
        ),
        "confusion_matrix.png": (
            "Keras model: decisions on the test pictures at that threshold.",
            "Counts of decisions by label on the test pictures",
        ),
        "curves.png": (
            "Loss and ROC-AUC while the neuron was trained; the weights are those of the best "
            "epoch.",
            "Loss and ROC-AUC over the epochs, of training and validation pictures",
        ),
        "accuracy_latency.png": (
            "Files: accuracy on the test pictures against latency on this machine.",
            "; ".join(f"{variant}: ROC-AUC {text}" for variant, text in auc.items()),
        ),
    }
    figures = (
        element(
            "figure",
            element("img", src=report.plots[name], alt=alt, loading="lazy"),
            element("figcaption", caption),
            class_=name.removesuffix(".png").replace("_", "-"),
        )
        for name, (caption, alt) in captions.items()
        if name in report.plots
    )
    return element("div", *figures, class_="plots")


def card_table(card: ModelCard) -> Markup:
    """What the device reads from the file."""
    height, width = card.preprocessing.size_hw
    point, training, conversion = card.operating_point, card.training, card.conversion
    tensors = f"{card.input.dtype} {card.input.shape} → {card.output.dtype} logit"
    versions = ", ".join(f"{name} {number}" for name, number in conversion.versions.items())
    rows: list[tuple[str, ...]] = [
        ("name", card.name),
        ("variant", f"{card.variant}, for {card.requires_delegate}"),
        ("network", card.architecture.description),
        ("initial weights", card.architecture.initial_weights),
        ("picture", f"{height}×{width} {card.preprocessing.colour}, {card.preprocessing.fit}"),
        ("tensors", tensors),
        ("labels", f"{card.labels.negative} / {card.labels.positive}"),
        ("temperature", f"{card.temperature:.4f}"),
        ("threshold", f"{point.threshold:.5f}, chosen for {point.rule} {point.target:g}"),
        (f"sensitivity, {point.chosen_on}", str(point.sensitivity)),
        (f"specificity, {point.chosen_on}", str(point.specificity)),
        ("training pictures", _picture_counts(training, "train")),
        ("validation pictures", _picture_counts(training, "valid")),
        ("test pictures", _picture_counts(training, "test")),
        ("split", f"by {training.grouped_by}, seed {training.seed}"),
        ("converted by", f"{conversion.engine}: {conversion.recipe}"),
        ("calibration", f"{conversion.calibration_pictures} training pictures"),
        (
            "parity with Keras",
            f"at most {conversion.parity_max_logit_difference:.3g} logit on "
            f"{conversion.parity_pictures} validation pictures",
        ),
        ("golden cases", f"{len(card.golden.cases)}, run before the first picture"),
        ("made with", versions),
        ("model SHA-256", card.model_sha256),
        ("demonstration", "yes: its scores mean nothing" if training.demonstration else "no"),
    ]
    return table((), rows, name="Model card")


def _picture_counts(training: TrainingRecord, split: str) -> str:
    counts = {
        name.removeprefix(f"{split}/"): count
        for name, count in training.pictures.items()
        if name.startswith(f"{split}/")
    }
    return ", ".join(f"{count:,} {label}" for label, count in counts.items())


def next_steps(report: Report) -> Markup:
    """With other pictures, and on a device."""
    file = report.model_path.rsplit("/", 1)[-1]
    own = (
        (
            "With your own pictures",
            "DATA holds folders benign and malignant with the pictures, and optionally a "
            "metadata.csv with file and lesion_id, so that no lesion is on both sides of a split.",
            "melanoma-train fit DATA --out run\nmelanoma-convert export run --out exported",
        )
        if report.data_name is None
        else (
            "On pictures of another source",
            "Pictures of another clinic or camera tell more than any split of one set.",
            f"melanoma-bench run {report.models_path} --data OTHER --split all",
        )
    )
    build = (
        "On a Raspberry Pi: bring it there",
        "In a checkout of the repository. The .tflite file is all that the device needs to know "
        "about the model.",
        "python3 -m pip wheel --no-deps --wheel-dir dist .\n"
        f"scp dist/melanoma_edge-*.whl \\\n    {report.model_path} \\\n    pi@raspberrypi:",
    )
    device = (
        "On a Raspberry Pi: run it",
        "64-bit, Python 3.11 or later. The doctor tells what is missing before you look for it.",
        "python3 -m venv ~/melanoma\n~/melanoma/bin/pip install melanoma_edge-*.whl\n"
        f"~/melanoma/bin/melanoma-edge doctor\n"
        f"~/melanoma/bin/melanoma-edge image lesion.jpg \\\n    --model {file}",
    )
    items = (
        element(
            "li",
            element("div", element("h3", title), element("p", text)),
            element("pre", element("code", code), tabindex="0"),
        )
        for title, text, code in (own, build, device)
    )
    return element("ul", *items, class_="next")


def limits_list(report: Report) -> Markup:
    """What must not be concluded from the page."""
    pictures = report.results.pictures
    positive, point = report.card.labels.positive, report.card.operating_point
    items = [
        f"The intervals come from {pictures.scored:,} test pictures, {pictures.positive:,} of "
        f"them {positive}. A difference smaller than its interval is not shown; "
        f"{number_word(len(report.shown))} pictures show nothing but how the output looks.",
        "The latency is that of this machine. It says nothing about a Raspberry Pi or a Coral "
        "accelerator, not even which file is faster there: run melanoma-bench on the board.",
        f"The thresholds were chosen on {report.counts['valid']:,} validation pictures to reach a "
        f"{point.rule} of {point.target:g}; on others they may miss it. The price of a high "
        "sensitivity are benign lesions that are referred.",
    ]
    if report.card.training.demonstration:
        items += [
            "The pictures were drawn by rules made up for this purpose. How well a model tells "
            "them apart says nothing about skin.",
            "The layers under the trained neuron are random, and 8-bit arithmetic is rough with "
            "such layers: expect a smaller gap between float32 and int8 with trained ones.",
        ]
    else:
        items += [
            "All pictures are of one data set. Expect less on another camera, on another clinic's "
            "patients, and on skin that the set hardly holds.",
            f"The page holds {number_word(len(report.shown))} of its pictures and their file "
            "names: handle it as you handle the data set.",
        ]
    return element("ul", *(element("li", item) for item in items))
