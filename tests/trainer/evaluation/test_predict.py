"""The model on other pictures: what it knows is left out, and eight views are averaged."""

import hashlib
import shutil

import numpy as np
import pytest
from PIL import Image

from edge_runtime.contract.operating_point import score_from_logit
from edge_runtime.contract.preprocess import Preprocessing, preprocess
from edge_runtime.errors import DatasetError, IntegrityError
from edge_runtime.synthetic_dataset import write_dataset
from trainer.evaluation.evaluate import EvaluateConfig, evaluate
from trainer.evaluation.predict import symmetries
from trainer.evaluation.run_folder import read_run, require_same_model


def test_the_eight_symmetries():
    batch = np.arange(2 * 3 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3, 3)
    views = symmetries(batch)
    assert len({view.tobytes() for view in views}) == 8
    assert (views[0] == batch).all()
    for view in views:
        assert view.shape == batch.shape
        assert sorted(view[1].ravel()) == sorted(batch[1].ravel())


def test_another_model_is_refused(small_run):
    (small_run.folder / "model.keras").write_bytes(b"other")
    with pytest.raises(IntegrityError, match="as it was trained"):
        require_same_model(read_run(small_run.folder))


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory):
    """A Keras model of one dense layer on mean colours; its logit sees left and right apart."""
    import keras

    keras.utils.set_random_seed(1)
    pixels = keras.Input((75, 75, 3))
    x = keras.layers.Rescaling(1 / 127.5, offset=-1)(pixels)
    x = keras.layers.AveragePooling2D(25)(x)
    logit = keras.layers.Dense(1, name="logit")(keras.layers.Flatten()(x))
    model = keras.Model(pixels, keras.layers.Activation("sigmoid")(logit))
    path = tmp_path_factory.mktemp("model") / "model.keras"
    model.save(path)
    return path, keras.Model(pixels, logit)


@pytest.fixture
def run_with_model(tiny_model, run_of, drawn):
    path, _ = tiny_model
    run = run_of(drawn, model_sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    shutil.copy(path, run.folder / "model.keras")
    return run


def logits_of(tiny_model, paths):
    spec = Preprocessing(size_hw=(75, 75))
    pixels = np.stack([preprocess(path, spec) for path in paths]).astype(np.float32)
    return np.asarray(tiny_model[1].predict_on_batch(pixels))[:, 0]


@pytest.mark.tensorflow
def test_other_data(run_with_model, tiny_model, tmp_path):
    data = tmp_path / "$a$ <b>"
    write_dataset(data, benign=6, malignant=6, size_hw=(80, 80), seed=99)
    known = next(p for p in run_with_model.pictures if p.split == "train")
    shutil.copy(run_with_model.data / known.file, data / known.label / "known.jpg")
    Image.new("RGB", (8, 8)).save(data / "benign" / "too_small.png")
    result = evaluate(EvaluateConfig(run=run_with_model.folder, data=data, tta=True))
    assert result["pictures"]["pictures"] == 12
    assert result["left_out"] == {"same file as in training or validation": 1, "unreadable": 1}
    out = run_with_model.folder / "evaluation-$a$ <b>"
    rows = (out / "scores.csv").read_text(encoding="utf-8").splitlines()[1:]
    files = [row.split(",")[0] for row in rows]
    logits = logits_of(tiny_model, [data / file for file in files])
    for row, logit in zip(rows, logits, strict=True):
        assert float(row.split(",")[-2]) == pytest.approx(logit, abs=1e-5)
        assert float(row.split(",")[-1]) == pytest.approx(score_from_logit(logit, 1.5), abs=1e-5)
    assert result["tta"]["views"] == 8
    assert result["tta"]["largest_logit_difference"] < 1e-5
    assert result["tta"]["all_views_ms"] > result["tta"]["one_view_ms"] > 0
    assert "<b>" not in (out / "report.html").read_text(encoding="utf-8")
    assert "Left out: 1 (same file" in (out / "model_card.md").read_text().replace("\\", "")


@pytest.mark.tensorflow
def test_nothing_but_training_pictures(run_with_model, tmp_path):
    data = tmp_path / "known"
    for picture in run_with_model.pictures:
        if picture.split == "train":
            (data / picture.label).mkdir(parents=True, exist_ok=True)
            shutil.copy(run_with_model.data / picture.file, data / picture.file)
    with pytest.raises(DatasetError, match="not made from"):
        evaluate(EvaluateConfig(run=run_with_model.folder, data=data))


@pytest.mark.tensorflow
def test_the_mean_over_views(run_with_model, tiny_model):
    result = evaluate(EvaluateConfig(run=run_with_model.folder, tta=True))
    tests = [p for p in run_with_model.pictures if p.split == "test"]
    assert result["tta"]["pictures"] == len(tests)
    assert result["tta"]["without"]["roc_auc"] == result["metrics"]["roc_auc"]
    logits = logits_of(tiny_model, [run_with_model.data / p.file for p in tests])
    largest = max(abs(p.logit - logit) for p, logit in zip(tests, logits, strict=True))
    assert result["tta"]["largest_logit_difference"] == pytest.approx(largest, abs=1e-5)
