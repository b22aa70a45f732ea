"""The whole chain on real dermatoscopic pictures and pretrained weights, in small."""

import csv
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from edge_runtime.contract.manifest import read_scores
from edge_runtime.contract.preprocess import Preprocessing, preprocess
from edge_runtime.evaluation import roc_auc
from trainer.dataset import find_dataset
from trainer.decoding import decoded_batches
from trainer.splits import split_pictures

pytestmark = [pytest.mark.tensorflow, pytest.mark.real_data]

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def lesions(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """240 real pictures, 80 of them malignant, as they lie in the whole set."""
    source, folder = real_data / "lesions", tmp_path_factory.mktemp("real") / "lesions"
    with (source / "metadata.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    chosen = [r for r in rows if r["label"] == "benign"][::32][:160]
    chosen += [r for r in rows if r["label"] == "malignant"][::6][:80]
    for row in chosen:
        target = folder / row["file"]
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / row["file"], target)
    shutil.copyfile(source / "metadata.csv", folder / "metadata.csv")
    return folder


@pytest.fixture(scope="module")
def real_models(
    command: Command, lesions: Path, real_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """Variants of a model with ImageNet weights, mixed2 to mixed5, on 224 pixels."""
    folder = tmp_path_factory.mktemp("chain")
    weights = real_data / "weights" / "inception_v3_imagenet_notop_f16.npz"
    blocks = ("--cut", "mixed5", "--pool-from", "mixed2", "--pool-middle")
    network = ("--weights", weights, *blocks, "--image-size", 224)
    command("trainer", "fit", lesions, "--out", folder / "run", *network)
    # 38 validation pictures cannot tell a fall of 0.01 from chance.
    two = ("--variants", "float32,int8", "--gate", "auc_drop<=0.05")
    command("converter", "export", folder / "run", "--out", folder / "models", *two)
    yield folder / "models"
    shutil.rmtree(folder)


def test_the_chain_holds_on_real_pictures(
    command: Command, real_models: Path, lesions: Path, tmp_path: Path
) -> None:
    pictures = [p for p in read_scores(real_models / "scores.csv") if p.split == "test"]
    labels = [int(picture.label == "malignant") for picture in pictures]
    assert roc_auc(labels, [picture.score for picture in pictures]) > 0.75
    files = [lesions / picture.file for picture in pictures]
    aucs = {}
    for variant in ("float32", "int8"):
        model = real_models / f"inceptionv3_mixed5_224_{variant}.tflite"
        lines = command("edge_runtime", "image", *files, "--model", model, "--json").stdout
        rows = [json.loads(line) for line in lines.splitlines()]
        assert [row["error"] for row in rows] == [None] * len(files)
        scored = [i for i, row in enumerate(rows) if row["decision"] != "RETAKE"]
        assert len(scored) >= 0.9 * len(files)
        scores = [rows[i]["score"] for i in scored]
        aucs[variant] = roc_auc([labels[i] for i in scored], scores)
    assert aucs["int8"] == pytest.approx(aucs["float32"], abs=0.05)
    out = tmp_path / "benchmark"
    quick = ("--queries", 20, "--out", out)
    command("benchmarks", "run", real_models, "--data", lesions, "--split", "test", *quick)
    results = json.loads((out / "results.json").read_text())
    float32 = next(row for row in results["models"] if row["variant"] == "float32")
    assert float32["accuracy"]["max_logit_difference"] <= 5e-3


def test_trainer_and_edge_see_the_same_bytes_in_200_real_files(real_data: Path) -> None:
    spec = Preprocessing(size_hw=(299, 299))
    folder = real_data / "lesions"
    pictures = split_pictures(find_dataset(folder).pictures, seed=0)[::27][:200]
    assert len(pictures) == 200
    unusable: dict[str, str] = {}
    trained_on = np.concatenate(list(decoded_batches(folder, pictures, spec, 16, unusable)))
    assert not unusable
    for picture, pixels in zip(pictures, trained_on, strict=True):
        assert np.array_equal(preprocess(folder / picture.file, spec), pixels)
