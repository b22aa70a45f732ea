"""Pictures of a folder with their label, where the folders they lie in name it."""

from pathlib import Path

from edge_runtime.contract.labels import Labels
from edge_runtime.sources import find_pictures


def label_pictures(folder: Path, labels: Labels) -> list[tuple[Path, int | None]]:
    """Every picture below the folder with 1, 0 or None.

    Args:
        folder: Looked into recursively; a picture's label is the nearest folder above it that is
            named like one.
        labels: Names of the two classes.

    Raises:
        InputError: If there is no picture.
    """
    return [
        (path, _label(path.relative_to(folder), labels))
        for path in find_pictures([folder], recursive=True)
    ]


def _label(path: Path, labels: Labels) -> int | None:
    named = {labels.negative: 0, labels.positive: 1}
    folders = [named[part] for part in path.parts[:-1] if part in named]
    return folders[-1] if folders else None
