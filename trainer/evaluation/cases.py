"""The pictures that are evaluated, with their outputs, and what was left out of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge_runtime.contract.labels import Labels
from edge_runtime.contract.manifest import ScoredPicture
from edge_runtime.contract.preprocess import Pixels, Preprocessing, preprocess, read_picture
from edge_runtime.errors import InputError


@dataclass(frozen=True, kw_only=True, eq=False)
class Cases:
    """Scored pictures of one split or of one other data set.

    Attributes:
        name: What is evaluated, as in ``test split``.
        pictures: With logit and score of the model, at least one.
        metadata: Row of the metadata by file; files without one are absent.
        folder: Where the pictures lie; None where their folder is gone.
        left_out: How many pictures were left out, by reason.
        remarks: Sentences on what is missing.
    """

    name: str
    pictures: Sequence[ScoredPicture]
    metadata: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    folder: Path | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    @property
    def labels(self) -> npt.NDArray[np.int_]:
        """1 for the positive label, 0 for the other; shape (n,)."""
        return np.array([int(p.label == Labels().positive) for p in self.pictures])

    @property
    def scores(self) -> npt.NDArray[np.float64]:
        """After temperature, in [0, 1]; shape (n,)."""
        return np.array([p.score for p in self.pictures], np.float64)

    @property
    def groups(self) -> npt.NDArray[np.str_]:
        """Patient, lesion or content of each picture; shape (n,)."""
        return np.array([p.group for p in self.pictures])

    @property
    def counts(self) -> dict[str, int]:
        """Pictures by label, and how many groups they are of."""
        positive = int(self.labels.sum())
        names = Labels()
        return {
            "pictures": len(self.pictures),
            names.negative: len(self.pictures) - positive,
            names.positive: positive,
            "groups": len(set(self.groups.tolist())),
        }

    @property
    def grouped_by(self) -> str:
        """What the groups are: ``lesions or patients``, or ``files`` where nothing names them."""
        unnamed = all(
            picture.group.startswith(("sha256:", "cluster:")) for picture in self.pictures
        )
        return "different files" if unnamed else "lesions or patients"

    @property
    def both_classes(self) -> bool:
        """Whether there are pictures of either class."""
        return len(set(self.labels.tolist())) > 1

    def pixels(self, picture: ScoredPicture, spec: Preprocessing) -> Pixels | None:
        """uint8 (H, W, 3), RGB, as the model sees the picture; None where it cannot be read."""
        if self.folder is None:
            return None
        try:
            return preprocess(read_picture(self.folder / picture.file), spec)
        except InputError:
            return None
