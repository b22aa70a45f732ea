"""Models made elsewhere become sealed variants, and score as they did where they came from."""

import csv
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edge_runtime.classifier import LesionClassifier
from edge_runtime.contract.preprocess import Preprocessing, preprocess
from edge_runtime.interpreter import load_runner
from trainer.backend import import_keras

pytestmark = pytest.mark.tensorflow

Command = Callable[..., subprocess.CompletedProcess[str]]
CARD = """
backbone = "foreign"
size = [40, 48]
negative = "benign"
positive = "malignant"
pixels = "{pixels}"
output = "{output}"
rule = "sensitivity"
target = 0.9
"""
SPEC = Preprocessing(size_hw=(40, 48))


@pytest.fixture(scope="module")
def keras_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network of others: values from −1 to 1 in, a sigmoid out, any batch."""
    keras = import_keras()
    keras.utils.set_random_seed(7)
    values = keras.Input((40, 48, 3))
    maps = keras.layers.Conv2D(12, 5, strides=2, activation="relu")(values)
    features = keras.layers.GlobalAveragePooling2D()(maps)
    spread = keras.initializers.RandomNormal(stddev=2.0)
    share = keras.layers.Dense(1, activation="sigmoid", kernel_initializer=spread)(features)
    path = tmp_path_factory.mktemp("foreign") / "theirs.keras"
    keras.Model(values, share).save(path)
    return path


@pytest.fixture(scope="module")
def tflite_file(keras_file: Path) -> Path:
    """The same network, converted by its maker with a batch of 1."""
    import tensorflow as tf

    from edge_runtime.native_output import native_output_hidden

    keras = import_keras()
    theirs = keras.models.load_model(keras_file)
    fixed = keras.Input(batch_shape=(1, 40, 48, 3))
    with native_output_hidden():
        converter = tf.lite.TFLiteConverter.from_keras_model(keras.Model(fixed, theirs(fixed)))
        content = converter.convert()
    path = keras_file.with_suffix(".tflite")
    path.write_bytes(content)
    return path


@pytest.fixture(scope="module")
def split_data(drawn_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The drawn pictures in train/ and valid/."""
    folder = tmp_path_factory.mktemp("split")
    for label in ("benign", "malignant"):
        for number, path in enumerate(sorted((drawn_data / label).iterdir())):
            target = folder / ("valid" if number % 2 else "train") / label / path.name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    return folder


def write_card(folder: Path, *, pixels: str = "-1..1", output: str = "sigmoid") -> Path:
    path = folder / "card.toml"
    path.write_text(CARD.format(pixels=pixels, output=output))
    return path


@pytest.mark.parametrize("kind", ["keras", "tflite"])
def test_a_model_made_elsewhere_scores_as_it_did_there(
    kind: str,
    command: Command,
    keras_file: Path,
    tflite_file: Path,
    split_data: Path,
    tmp_path: Path,
) -> None:
    file = keras_file if kind == "keras" else tflite_file
    run, models = tmp_path / "run", tmp_path / "models"
    options = ("--card", write_card(tmp_path), "--data", split_data, "--out", run)
    command("converter", f"from-{kind}", file, *options)
    # A network that learnt nothing has no accuracy to lose.
    wide = ("--gate", "auc_drop<=1", "--variants", "float32,int8")
    command("converter", "export", run, "--out", models, *wide)
    theirs = import_keras().models.load_model(keras_file)
    paths = sorted((split_data / "valid").rglob("*.*"))[:6]
    assert paths
    with LesionClassifier.open(models / "foreign_whole_40x48_float32.tflite") as classifier:
        for path in paths:
            pixels = preprocess(path, SPEC)
            share = float(theirs(pixels[None].astype(np.float32) / 127.5 - 1)[0, 0])
            assert 1 / (1 + np.exp(-classifier.logit(pixels))) == pytest.approx(share, abs=1e-4)
    int8 = load_runner(models / "foreign_whole_40x48_int8.tflite")
    assert (int8.input.dtype, int8.input.scale) == ("uint8", 1.0)
    with (models / "scores.csv").open() as stream:
        assert {row["split"] for row in csv.DictReader(stream)} == {"train", "valid"}


@pytest.fixture(scope="module")
def unbalanced_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Green, as the small difference of two large values: far below a step of int8."""
    keras = import_keras()
    values = keras.Input((40, 48, 3))
    mixing = keras.layers.Conv2D(2, 1)
    maps = mixing(values)
    share = keras.layers.Dense(1, activation="sigmoid")
    model = keras.Model(values, share(keras.layers.GlobalAveragePooling2D()(maps)))
    red_and_green = np.array([[1000.0, 1000.0], [0.0, 1.0], [0.0, 0.0]])
    mixing.set_weights([red_and_green.reshape(1, 1, 3, 2), np.full(2, 1000.0)])
    share.set_weights([np.array([[-1.0], [1.0]]), np.zeros(1)])
    path = tmp_path_factory.mktemp("unbalanced") / "theirs.keras"
    model.save(path)
    return path


def test_a_variant_that_fails_its_gate_is_not_published(
    command: Command, unbalanced_file: Path, split_data: Path, tmp_path: Path
) -> None:
    run, models = tmp_path / "run", tmp_path / "models"
    given = ("--card", write_card(tmp_path), "--data", split_data, "--out", run)
    command("converter", "from-keras", unbalanced_file, *given)
    two = ("--variants", "float32,int8", "--rescue-layers", 0)
    done = command("converter", "export", run, "--out", models, *two, expect=6)
    assert "int8: auc_drop" in done.stderr
    assert (models / "foreign_whole_40x48_float32.tflite").is_file()
    assert not (models / "foreign_whole_40x48_int8.tflite").exists()
    report = json.loads((models / "foreign_whole_40x48_int8.gate.json").read_text())
    assert not report["published"]
    assert [step["layers_in_float"] for step in report["rescue"]["steps"]] == [0]
    assert not list(tmp_path.glob("*.partial"))


def test_a_card_that_says_otherwise_than_the_model_is_refused(
    command: Command, tflite_file: Path, split_data: Path, tmp_path: Path
) -> None:
    (tmp_path / "card.toml").write_text(CARD.format(pixels="0..2", output="sigmoid"))
    given = ("--card", tmp_path / "card.toml", "--data", split_data, "--out", tmp_path / "run")
    done = command("converter", "from-tflite", tflite_file, *given, expect=3)
    assert "0..255" in done.stderr
    card = write_card(tmp_path)
    card.write_text(card.read_text().replace("[40, 48]", "[64, 64]"))
    done = command("converter", "from-tflite", tflite_file, *given, expect=6)
    assert "(1, 40, 48, 3)" in done.stderr
    assert not (tmp_path / "run").exists()


def test_pictures_laid_out_otherwise_are_refused(
    command: Command, tflite_file: Path, drawn_data: Path, tmp_path: Path
) -> None:
    given = ("--card", write_card(tmp_path), "--data", drawn_data, "--out", tmp_path / "run")
    done = command("converter", "from-tflite", tflite_file, *given, expect=4)
    assert "valid/benign" in done.stderr


def test_a_file_that_is_no_model_is_refused(
    command: Command, split_data: Path, tmp_path: Path
) -> None:
    (tmp_path / "no.tflite").write_bytes(b"nothing")
    given = ("--card", write_card(tmp_path), "--data", split_data, "--out", tmp_path / "run")
    done = command("converter", "from-tflite", tmp_path / "no.tflite", *given, expect=6)
    assert "TFLite model" in done.stderr
    done = command("converter", "from-keras", tmp_path / "no.tflite", *given, expect=6)
    assert "Keras model" in done.stderr
