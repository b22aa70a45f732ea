"""The model card in Markdown, in the sections of Mitchell et al. 2019 (arXiv:1810.03993)."""

from collections.abc import Mapping, Sequence
from typing import Any

from edge_runtime.contract.card import Architecture
from trainer.evaluation.method import method
from trainer.evaluation.wording import (
    INTENDED_USE,
    NAMES,
    data_sentence,
    limits,
    split_counts,
    tta_sentence,
    with_interval,
)

_KEPT_TOGETHER = {
    "patient": "pictures of one patient",
    "lesion": "pictures of one lesion",
    "cluster": "copies of a picture, exact and near",
    "content": "files with equal bytes",
}
_MARKDOWN = frozenset("\\`*_{}[]<>#|~$&!")


def model_card(result: Mapping[str, Any]) -> str:
    """The card as Markdown with a final newline.

    Args:
        result: Content of ``metrics.json``.
    """
    parts = [
        f"# Model card: {escaped(result['model'])}",
        *_leakage(result),
        f"**{result['notice']}**",
        *_section("Intended use", [escaped(INTENDED_USE)]),
        *_section("Model", [_bullets(_model(result))]),
        *_section("Data", [_bullets([*_splits(result), _licence(result)])]),
        *_section("Figures", [escaped(data_sentence(dict(result))), _figures(result)]),
        *_section("Parts of the pictures", [_subgroups(result)]),
        *(_section("Test-time augmentation", [escaped(tta_sentence(result["tta"]))])
          if result["tta"] else ()),
        *_section("Limits", [_bullets(limits(dict(result)))]),
        *_section("Method", [_bullets(method(dict(result)))]),
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def escaped(text: str) -> str:
    """The text with what Markdown or HTML would act on escaped, on one line."""
    line = " ".join(text.split())
    return "".join(f"\\{c}" if c in _MARKDOWN else c for c in line)


def _leakage(result: Mapping[str, Any]) -> tuple[str, ...]:
    count = result["training"]["leaked_pictures"]
    if not count:
        return ()
    return (
        f"**Warning: {count:,} pictures of copies, lesions or patients lie in more than one of "
        "the training run's splits. Figures measured on these splits are too good, and so is what "
        "the threshold promises.**",
    )


def _section(title: str, paragraphs: Sequence[str]) -> tuple[str, ...]:
    return (f"## {title}", *paragraphs)


def _bullets(sentences: Sequence[str]) -> str:
    return "\n".join(f"- {escaped(sentence)}" for sentence in sentences)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *([escaped(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _model(result: Mapping[str, Any]) -> list[str]:
    architecture, point = Architecture(**result["architecture"]), result["operating_point"]
    training = result["training"]
    versions = ", ".join(f"{name} {version}" for name, version in training["versions"].items())
    return [
        f"Network: {architecture.description}, average pooling, one neuron.",
        f"Initial weights: {architecture.initial_weights}.",
        f"Output: score for {result['labels']['positive']}, 0 to 1; temperature "
        f"{result['temperature']:.6g}.",
        f"Operating point: refer at {point['threshold']:.6g} or above; chosen for "
        f"{point['rule']} {point['target']:g} on the {point['chosen_on']} split, where "
        f"sensitivity was {_share(point['sensitivity'])}, specificity "
        f"{_share(point['specificity'])}.",
        f"Keras model, SHA-256: {training['model_sha256']}.",
        f"Unequal classes in training: {training['imbalance']}.",
        f"Made with: {versions}.",
    ]


def _share(counts: Mapping[str, int]) -> str:
    return f"{counts['successes']}/{counts['trials']}"


def _splits(result: Mapping[str, Any]) -> list[str]:
    training = result["training"]
    return [
        f"Pictures by split and class: {split_counts(dict(result))}.",
        f"Kept on one side of the split: {_KEPT_TOGETHER[training['grouped_by']]}; seed "
        f"{training['seed']}; split, SHA-256: {training['split_sha256']}.",
        f"Pictures that lie across the splits nevertheless: {training['leaked_pictures']:,}.",
    ]


def _licence(result: Mapping[str, Any]) -> str:
    if result["licences"]:
        return (
            f"Licence of the evaluated pictures, as their metadata name it: "
            f"{'; '.join(result['licences'])}. It may bind the model."
        )
    return (
        "Licence of the pictures: TO BE FILLED IN. The run does not record one; look it up with "
        "the makers of the data before you pass the model on, for it may bind the model."
    )


def _figures(result: Mapping[str, Any]) -> str:
    rows = [(NAMES[name], with_interval(row)) for name, row in result["metrics"].items()]
    rows += [
        (f"{NAMES[name]} at prevalence {result['prevalence']:g}", with_interval(row))
        for name, row in result["predictive_values"].items()
    ]
    return _table(("figure", "value, 95 % interval"), rows)


def _subgroups(result: Mapping[str, Any]) -> str:
    if not result["subgroups"]:
        return "Not measured: no metadata and no pictures were at hand."
    names = ("roc_auc", "sensitivity", "specificity")
    rows = [
        (
            f"{row['attribute']}: {row['value']}",
            f"{row['positive']}/{row['pictures']}",
            *(with_interval(row[name]) for name in names),
        )
        for row in result["subgroups"]
    ]
    head = ("part", f"{result['labels']['positive']}/all", *(NAMES[name] for name in names))
    return _table(head, rows)
