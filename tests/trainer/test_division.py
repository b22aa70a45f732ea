"""Pictures are divided once it is known which can be used."""

from pathlib import Path

from edge_runtime.synthetic_dataset import write_dataset
from trainer.config import FitConfig
from trainer.division import divide


def test_each_split_gets_its_share_of_the_usable_pictures(tmp_path: Path) -> None:
    data = tmp_path / "data"
    write_dataset(data, benign=25, malignant=40, seed=3, size_hw=(80, 80))
    for path in sorted((data / "malignant").iterdir())[:15]:
        path.write_bytes(path.read_bytes()[:200])
    for seed in range(4):
        division = divide(FitConfig(data=data, image_size=75, cache=tmp_path / "cache", seed=seed))
        assert len(division.unusable) == 15
        (pictures,) = division.folds
        assert len(pictures) == 50
        for label in ("benign", "malignant"):
            splits = [picture.split for picture in pictures if picture.label == label]
            # A fifth, and a fifth of the rest; a lesion with two pictures may make it one more.
            assert 4 <= splits.count("test") <= 6
            assert 3 <= splits.count("valid") <= 5
