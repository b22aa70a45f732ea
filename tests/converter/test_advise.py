"""Advice on cuts and sizes: its arithmetic against Keras and files, and what it says."""

import dataclasses
import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from converter.advise import DEVICES, advise
from converter.advise_command import advise_command
from converter.errors import ConversionError
from converter.flatbuffer import read_flatbuffer
from converter.inception_v3 import CUTS, network_cost
from edge_runtime import console
from edge_runtime.contract.card import Architecture, CardDraft, ModelCard, dump_card
from edge_runtime.contract.manifest import SCORES_FILE
from edge_runtime.contract.preprocess import Preprocessing

ROOT = Path(__file__).parents[2]

Draft = Callable[..., CardDraft]


@pytest.fixture
def draft(tiny_card: Callable[[str], ModelCard]) -> Draft:
    """The draft of a run: ``draft("mixed8", (224, 224))``."""

    def make(cut: str, size_hw: tuple[int, int], backbone: str = "inceptionv3") -> CardDraft:
        card = tiny_card("int8")
        names = {field.name for field in dataclasses.fields(CardDraft)}
        values: dict[str, Any] = {name: getattr(card, name) for name in names}
        values["architecture"] = Architecture(
            backbone=backbone,
            pooled_from=cut,
            pooled_middle=False,
            cut=cut,
            initial_weights="none",
        )
        values["preprocessing"] = Preprocessing(size_hw=size_hw)
        return CardDraft(**values)

    return make


def test_costs_are_those_of_the_published_file() -> None:
    model = read_flatbuffer((ROOT / "models/inceptionv3_mixed5_224_int8.tflite").read_bytes())
    cost = network_cost("mixed5", (224, 224), "mixed2", pooled_middle=True)
    assert cost.macs == model.macs
    # The file also holds two axes of the mean, and where the middles of two sizes of maps lie.
    assert cost.int8_bytes + 8 + 80 == sum(tensor.constant_bytes for tensor in model.tensors)


@pytest.mark.tensorflow
def test_costs_are_those_of_keras() -> None:
    size_hw = (150, 224)
    keras = pytest.importorskip("tensorflow", reason="needs the convert extra").keras
    network = keras.applications.InceptionV3(
        include_top=False, weights=None, input_shape=(*size_hw, 3)
    )
    for cut in CUTS:
        part = keras.Model(network.input, network.get_layer(cut).output)
        convolutions = [layer for layer in part.layers if isinstance(layer, keras.layers.Conv2D)]
        weights = [layer.kernel.shape.num_elements() for layer in convolutions]
        maps = [layer.output.shape[1] * layer.output.shape[2] for layer in convolutions]
        filters, channels = sum(layer.filters for layer in convolutions), part.output.shape[-1]
        cost = network_cost(cut, size_hw)
        assert cost.int8_bytes == sum(weights) + 4 * (filters + channels + 1)
        macs = sum(w * m for w, m in zip(weights, maps, strict=True))
        assert cost.macs == macs + channels


def test_every_cut_and_size_has_a_row_and_the_runs_own_is_marked(draft: Draft) -> None:
    advice = advise(draft("mixed8", (224, 224)))
    assert advice.status == "predicted"
    assert len(advice.choices) == 9 * 3
    assert [c.name for c in advice.choices if c.own] == ["mixed8 at 224"]
    assert all(set(choice.latency) == set(DEVICES) for choice in advice.choices)


@pytest.mark.parametrize(
    ("cut", "size_hw", "name", "rows"),
    [("mixed0", (96, 96), "mixed0 at 96", 10 * 4), ("mixed5", (180, 240), "mixed5 at 180×240", 36)],
)
def test_a_run_beside_the_table_is_put_into_it(
    draft: Draft, cut: str, size_hw: tuple[int, int], name: str, rows: int
) -> None:
    choices = advise(draft(cut, size_hw)).choices
    assert [choice.name for choice in choices if choice.own] == [name]
    assert len(choices) == rows


def test_a_run_that_does_not_fit_is_told_the_largest_cut_that_does(draft: Draft) -> None:
    sentence = advise(draft("mixed10", (299, 299))).sentence
    assert "train mixed5 at 299" in sentence
    assert "mixed10 at 299" in sentence


def test_a_run_that_fits_is_told_so(draft: Draft) -> None:
    assert advise(draft("mixed4", (224, 224))).sentence.startswith("mixed4 at 224 stays wholly")


def test_a_picture_that_is_too_small_is_refused(draft: Draft) -> None:
    with pytest.raises(ConversionError, match=r"size_hw=\(32, 32\)"):
        advise(draft("mixed0", (32, 32)))


def test_another_network_is_refused(draft: Draft) -> None:
    with pytest.raises(ConversionError, match="backbone='mobilenet'"):
        advise(draft("mixed8", (224, 224), backbone="mobilenet"))


@pytest.fixture
def run_folder(draft: Draft, tmp_path: Path) -> Path:
    folder, pictures = tmp_path / "run", tmp_path / "pictures"
    folder.mkdir()
    pictures.mkdir()
    model = b"stands for a Keras model"
    made = draft("mixed8", (224, 224))
    training = dataclasses.replace(made.training, model_sha256=hashlib.sha256(model).hexdigest())
    (folder / "model.keras").write_bytes(model)
    (folder / "card.json").write_text(dump_card(dataclasses.replace(made, training=training)))
    (folder / "run.json").write_text(json.dumps({"picture_folder": str(pictures)}))
    (folder / SCORES_FILE).write_text("file,sha256,label,group,split,logit,score\n")
    return folder


def run_command(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    app = console.make_app("A test.")
    app.command("advise")(advise_command)
    app.command("other")(lambda: None)
    monkeypatch.setattr(sys, "argv", ["melanoma-convert", *map(str, arguments)])
    with pytest.raises(SystemExit) as caught:
        console.run_app(app)
    return int(caught.value.code or 0)


def test_the_command_shows_the_table_and_the_advice(
    run_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(monkeypatch, "advise", run_folder) == 0
    shown = capsys.readouterr().out
    marked = [line for line in shown.splitlines() if line.startswith("→")]
    assert len(marked) == 1
    assert "mixed8 at 224" in marked[0]
    assert "predicted, not measured" in shown
    assert run_command(monkeypatch, "advise", run_folder, "--json") == 0
    table = json.loads(capsys.readouterr().out)
    assert table["status"] == "predicted"
    assert table["advice"] == shown.splitlines()[-1]
    (own,) = [choice for choice in table["choices"] if choice["own"]]
    assert (own["cut"], own["fits_on_chip"], own["macs"]) == ("mixed8", "no", 2558165600)


def test_what_is_no_run_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(monkeypatch, "advise", tmp_path) == 3
    assert "run folder" in capsys.readouterr().err
