"""Which model files are measured: the variants of one model."""

from dataclasses import dataclass
from pathlib import Path

from edge_runtime.console import display_name
from edge_runtime.contract.card import VARIANTS, ModelCard
from edge_runtime.contract.embed import open_sealed
from edge_runtime.errors import InputError


@dataclass(frozen=True, kw_only=True)
class ModelFile:
    """A verified model file.

    Attributes:
        path: The file.
        card: Its card.
        file_sha256: Hex digest of the whole file.
        size_bytes: Size of the whole file.
    """

    path: Path
    card: ModelCard
    file_sha256: str
    size_bytes: int


def find_models(path: Path) -> list[ModelFile]:
    """The ``.tflite`` files of a folder, or the one file named, in the order of ``VARIANTS``.

    Raises:
        InputError: If there is none, or they are not different variants of one model.
        ContractError: If one of them carries no card, or has changed.
    """
    files = sorted(path.glob("*.tflite")) if path.is_dir() else [path]
    if not files or not files[0].is_file():
        kind = "a folder without any" if path.is_dir() else "no such file or folder"
        raise InputError(
            f"expected .tflite files. Received: {display_name(path)}, {kind}. "
            "Name the folder that melanoma-convert export wrote."
        )
    models = [_read(file) for file in files]
    _require_variants_of_one_model(models)
    return sorted(models, key=lambda model: VARIANTS.index(model.card.variant))


def _read(path: Path) -> ModelFile:
    sealed = open_sealed(path)
    return ModelFile(
        path=path,
        card=sealed.card,
        file_sha256=sealed.file_sha256,
        size_bytes=path.stat().st_size,
    )


def _require_variants_of_one_model(models: list[ModelFile]) -> None:
    files = [display_name(Path(model.path.name)) for model in models]
    if len({model.card.training.model_sha256 for model in models}) > 1:
        raise InputError(
            "expected variants of one trained model, to be compared on the same pictures. "
            f"Received: files={files} of several models. Keep each export in its own folder."
        )
    if len({model.card.variant for model in models}) < len(models):
        variants = [model.card.variant for model in models]
        raise InputError(
            f"expected one file a variant. Received: files={files} with variants={variants}. "
            "Remove the older ones, or name a single file."
        )
