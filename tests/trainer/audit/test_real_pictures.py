"""Faults planted among real dermatoscopic pictures: all found, and no false pair."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from trainer.audit import Audit, audit_dataset
from trainer.dataset import find_dataset
from trainer.errors import LeakageError
from trainer.leakage import check_leakage

pytestmark = pytest.mark.real_data
Copy = Callable[[Image.Image], Image.Image]
Save = Callable[..., None]
PICTURES = {"benign": 240, "malignant": 80}
OF_EACH_KIND = 12
FALSE_PAIRS = 0


@pytest.fixture
def real_set(real_data: Path, tmp_path: Path) -> Path:
    """320 real pictures, one per lesion, a quarter of them in test/, without any fault."""
    for label, count in PICTURES.items():
        for split in ("train", "test"):
            (tmp_path / split / label).mkdir(parents=True)
        for i, path in enumerate(sorted((real_data / "lesions" / label).iterdir())[:count]):
            shutil.copy(path, tmp_path / ("train" if i % 4 else "test") / label / path.name)
    return tmp_path


@pytest.fixture
def planted(real_set: Path, copies: dict[str, Copy], save: Save) -> dict[str, set[tuple[str, ...]]]:
    """Files of each planted leak by kind: exact copies, every way to copy, and lesions."""
    originals = iter(sorted((real_set / "train/benign").iterdir()))
    leaks: dict[str, set[tuple[str, ...]]] = {}
    for name in ("exact", *copies):
        for i in range(OF_EACH_KIND):
            original, copy = next(originals), real_set / f"test/benign/{name}_{i}.jpg"
            if name == "exact":
                shutil.copy(original, copy)
            else:
                with Image.open(original) as image:
                    save(copy, copies[name](image), quality=60)
            files = (f"test/benign/{copy.name}", f"train/benign/{original.name}")
            leaks.setdefault(name, set()).add(files)
    others = sorted((real_set / "test/malignant").iterdir())[:OF_EACH_KIND]
    pairs = [
        (f"test/malignant/{other.name}", f"train/benign/{next(originals).name}") for other in others
    ]
    rows = [f"{file},planted{n}" for n, pair in enumerate(pairs) for file in pair]
    (real_set / "metadata.csv").write_text("\n".join(["file,lesion_id", *rows]), encoding="utf-8")
    return leaks | {"lesion": set(pairs)}


def leaks_of(audit: Audit, *kinds: str) -> set[tuple[str, ...]]:
    return {leak.files for leak in audit.leaks if leak.kind in kinds}


def test_every_planted_leak_is_found_and_no_false_pair(
    real_set: Path, planted: dict[str, set[tuple[str, ...]]]
) -> None:
    audit = audit_dataset(find_dataset(real_set))
    assert leaks_of(audit, "exact copies") == planted["exact"]
    assert leaks_of(audit, "lesion") == planted["lesion"]
    wanted = {kind: files for kind, files in planted.items() if kind not in ("exact", "lesion")}
    assert {"encoded", "cropped"} < set(wanted)
    near = leaks_of(audit, "near copies")
    assert {kind: files - near for kind, files in wanted.items() if files - near} == {}
    assert len(near) - sum(map(len, wanted.values())) == FALSE_PAIRS
    assert len(audit.near_copies) - sum(map(len, wanted.values())) == FALSE_PAIRS
    assert len(audit.disagreements) == OF_EACH_KIND


def test_training_refuses_the_planted_set_and_takes_the_sound_one(
    real_set: Path, planted: dict[str, set[tuple[str, ...]]]
) -> None:
    leaking = {file for leaks in planted.values() for files in leaks for file in files}
    with pytest.raises(LeakageError, match=f"Received: {len(leaking)} pictures across splits"):
        check_leakage(find_dataset(real_set), allow=False)
    for copy in {file for kind in set(planted) - {"lesion"} for pair in planted[kind]
                 for file in pair if file.startswith("test/")}:  # fmt: skip
        (real_set / copy).unlink()
    (real_set / "metadata.csv").unlink()
    found = check_leakage(find_dataset(real_set), allow=False)
    assert found.leaked_pictures == 0
    assert len(found.clusters) == FALSE_PAIRS
