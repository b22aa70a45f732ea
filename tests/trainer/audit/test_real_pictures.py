"""Copies planted among real dermatoscopic pictures: all found, and no false pair."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from trainer.audit import audit_dataset
from trainer.dataset import find_dataset

pytestmark = pytest.mark.real_data
FALSE_PAIRS = 0


def test_planted_copies_are_found_among_real_pictures(
    real_data: Path,
    tmp_path: Path,
    copies: dict[str, Callable[[Image.Image], Image.Image]],
    save: Callable[..., None],
) -> None:
    lesions = real_data / "lesions"
    for label, count in (("benign", 240), ("malignant", 80)):
        (tmp_path / "train" / label).mkdir(parents=True)
        (tmp_path / "test" / label).mkdir(parents=True)
        for i, path in enumerate(sorted((lesions / label).iterdir())[:count]):
            shutil.copy(path, tmp_path / ("train" if i % 4 else "test") / label / path.name)
    originals = sorted((tmp_path / "train/benign").iterdir())
    planted = set()
    for kind, name in enumerate(copies):
        for i in range(12):
            original = originals[12 * kind + i]
            with Image.open(original) as image:
                copy = tmp_path / f"test/benign/{name}_{i}.jpg"
                save(copy, copies[name](image), quality=60)
            planted.add((f"test/benign/{copy.name}", f"train/benign/{original.name}"))
    shutil.copy(originals[100], tmp_path / "test/malignant/exact.jpg")
    planted.add(("test/malignant/exact.jpg", f"train/benign/{originals[100].name}"))
    (tmp_path / "metadata.csv").write_text(
        f"file,lesion_id\ntrain/benign/{originals[110].name},L\ntest/benign/encoded_0.jpg,L\n"
    )
    audit = audit_dataset(find_dataset(tmp_path))
    leaking = {leak.files for leak in audit.leaks if leak.kind != "lesion"}
    assert planted <= leaking
    assert len(leaking - planted) <= FALSE_PAIRS
    assert len(audit.near_copies) - 12 * len(copies) <= FALSE_PAIRS
    assert [leak.name for leak in audit.leaks if leak.kind == "lesion"] == ["L"]
    assert len(audit.disagreements) == 1
