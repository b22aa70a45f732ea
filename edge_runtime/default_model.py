"""Which model file is used where none is named: the environment's, else the checkout's own."""

import os
from pathlib import Path

import typer

from edge_runtime.console import display_name, log

MODEL_VARIABLE = "MELANOMA_MODEL"
# Beside the package in a checkout; an installed wheel has no such folder.
PUBLISHED_MODELS = Path(__file__).resolve().parents[1] / "models"
PUBLISHED_PATTERN = "*_int8.tflite"


def default_model(folder: Path = PUBLISHED_MODELS) -> Path:
    """The file that ``MELANOMA_MODEL`` names, else the one published int8 model of the checkout.

    Which of them it is goes to the log. The file is not opened here.

    Args:
        folder: Where the published models lie.

    Raises:
        typer.BadParameter: If neither names exactly one file; it ends the command with 2, as
            any other missing option does.
    """
    named = os.environ.get(MODEL_VARIABLE)
    if named:
        path = Path(named)
        log.info("model: %s, named by %s", display_name(path), MODEL_VARIABLE)
        return path
    found = _published(folder)
    if len(found) != 1:
        names = ", ".join(display_name(Path(path.name)) for path in found) or "none"
        raise typer.BadParameter(
            f"expected a model file: --model FILE, the variable {MODEL_VARIABLE}, or exactly one "
            f"{PUBLISHED_PATTERN} in {display_name(folder)}, where a checkout keeps the published "
            f"model. Received: no --model, no {MODEL_VARIABLE}, and {names} in that folder. "
            "Give --model FILE.",
            param_hint="--model",
        )
    log.info(
        "model: %s, the published research model, as no --model was given", display_name(found[0])
    )
    return found[0]


def _published(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.glob(PUBLISHED_PATTERN)
        if path.is_file() and not path.name.startswith(".")
    )
