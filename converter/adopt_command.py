"""``melanoma-convert from-keras`` and ``from-tflite``: models made elsewhere."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from converter.adopt import adopt_model
from converter.errors import ConversionError
from converter.foreign_card import ForeignCard, read_foreign_card
from converter.foreign_keras import load_foreign_model
from converter.foreign_tflite import adapt_tflite
from converter.run_folder import MODEL_FILE, TFLITE_MODEL_FILE
from edge_runtime import console
from edge_runtime.contract.preprocess import Pixels
from edge_runtime.interpreter import load_runner
from edge_runtime.self_test import logit_of

Card = Annotated[Path, typer.Option(help="What the model expects and gives, in TOML.")]
Data = Annotated[Path, typer.Option(help="Folder with train/ and valid/, each with the classes.")]
Out = Annotated[Path, typer.Option(help="Run folder to make, for export; must not exist.")]


def from_keras(
    file: Annotated[Path, typer.Argument(help="A .keras file made elsewhere.")],
    card: Card,
    data: Data,
    out: Out,
) -> None:
    """Take in a Keras model made elsewhere: makes a run folder that export reads.

    The docs show a card: docs/conversion.md.
    """
    foreign = read_foreign_card(card)

    def write(path: Path) -> Callable[[Pixels], float]:
        model = load_foreign_model(file, foreign)
        model.keras_model.save(path)
        return model.logit

    _adopt(MODEL_FILE, write, foreign, data, out)


def from_tflite(
    file: Annotated[Path, typer.Argument(help="A float32 .tflite file made elsewhere.")],
    card: Card,
    data: Data,
    out: Out,
) -> None:
    """Take in a float TFLite model made elsewhere: makes a run folder that export reads.

    Needs no TensorFlow. The docs show a card: docs/conversion.md.
    """
    foreign = read_foreign_card(card)

    def write(path: Path) -> Callable[[Pixels], float]:
        path.write_bytes(adapt_tflite(_read(file), foreign))
        runner = load_runner(path, threads=2)
        return lambda pixels: logit_of(runner, pixels)

    _adopt(TFLITE_MODEL_FILE, write, foreign, data, out)


def _adopt(
    name: str,
    write: Callable[[Path], Callable[[Pixels], float]],
    card: ForeignCard,
    data: Path,
    out: Path,
) -> None:
    adopt_model(name, write, card, data, out)
    console.write_line(
        f"run folder written to {console.display_name(out)}; next: melanoma-convert export "
        f"{console.display_name(out)} --out MODELS"
    )


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConversionError(
            f"expected a readable .tflite file. Received: {console.display_name(file)}: "
            f"{error.strerror}. Check the path."
        ) from error
