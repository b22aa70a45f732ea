"""Plots: whole PNG files, the same for the same data, with nothing left beside them."""

import itertools
import math
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from edge_runtime.contract.card import NOTICE
from edge_runtime.errors import DatasetError, MissingDependencyError
from edge_runtime.evaluation import Confusion, Estimate
from trainer.plots import plot_confusion, plot_curves, plot_roc

matplotlib = pytest.importorskip("matplotlib")

AUC = Estimate(value=0.891, low=0.873, high=0.908)


def history(epochs):
    return [
        {
            "epoch": epoch,
            "loss": 0.6 * 0.8**epoch,
            "auc": 1 - 0.2 * 0.8**epoch,
            "val_loss": 0.4 + 0.1 * 0.6**epoch,
            "val_auc": 0.9 - 0.002 * (epoch - 5) ** 2,
        }
        for epoch in range(1, epochs + 1)
    ]


def split(seed, count=300):
    generator = np.random.default_rng(seed)
    labels = generator.integers(2, size=count)
    return labels, generator.normal(1.5 * labels)


def draw_curves(path):
    plot_curves(history(12), path, kept_epoch=9)


def draw_roc(path):
    plot_roc(
        path,
        {"Validation": split(1), "Test": split(2)},
        {"Validation": AUC, "Test": AUC},
        operating_points={"Test": (0.95, 0.4)},
    )


def draw_confusion(path):
    plot_confusion(Confusion(tp=266, fp=594, tn=603, fn=17), path, title="Test pictures, int8")


every_plot = pytest.mark.parametrize("draw", [draw_curves, draw_roc, draw_confusion])


@every_plot
def test_file_is_a_png_of_its_own(draw, tmp_path):
    path = tmp_path / "plot.png"
    path.write_bytes(b"an older plot")
    draw(path)
    assert list(tmp_path.iterdir()) == [path]
    with Image.open(path) as image:
        image.load()
        assert image.format == "PNG"
        assert image.info["dpi"] == pytest.approx((150, 150), abs=0.1)
        assert "Software" not in image.info
        assert 500 <= image.width <= 1200
        assert 400 <= image.height <= 800
        assert len(image.convert("L").getcolors()) > 20


@every_plot
def test_equal_data_give_equal_bytes_whatever_the_user_style(draw, tmp_path):
    draw(tmp_path / "first.png")
    with matplotlib.rc_context({"figure.facecolor": "black", "font.size": 30}):
        draw(tmp_path / "second.png")
        assert matplotlib.rcParams["font.size"] == 30
    assert (tmp_path / "first.png").read_bytes() == (tmp_path / "second.png").read_bytes()


@every_plot
def test_nothing_is_left_when_the_file_cannot_be_written(draw, tmp_path):
    path = tmp_path / "plot.png"
    path.mkdir()
    with pytest.raises(OSError, match="plot"):
        draw(path)
    assert list(tmp_path.iterdir()) == [path]


@every_plot
def test_missing_matplotlib_names_the_extra(draw, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingDependencyError, match=r'pip install "melanoma-edge\[train\]"'):
        draw(tmp_path / "plot.png")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def drawn_texts(monkeypatch):
    """What the figures written during a test say, in one list."""
    from matplotlib.figure import Figure
    from matplotlib.text import Text

    texts = []
    save = Figure.savefig

    def remember_and_save(figure, *args, **kwargs):
        save(figure, *args, **kwargs)
        texts.extend(text.get_text() for text in figure.findobj(Text))

    monkeypatch.setattr(Figure, "savefig", remember_and_save)
    return texts


@every_plot
def test_every_plot_says_that_it_is_research(draw, tmp_path, drawn_texts):
    draw(tmp_path / "plot.png")
    assert NOTICE in drawn_texts


def test_curves_name_the_epoch_that_the_weights_are_from(tmp_path, drawn_texts):
    draw_curves(tmp_path / "plot.png")
    assert "kept epoch 9: 0.868" in drawn_texts
    assert drawn_texts.count("training") == drawn_texts.count("validation") == 2


def test_an_epoch_without_a_row_is_not_marked(tmp_path, drawn_texts):
    plot_curves(history(3), tmp_path / "plot.png", kept_epoch=0)
    assert not any("epoch " in text for text in drawn_texts)


def test_roc_legend_holds_the_interval_and_the_operating_point(tmp_path, drawn_texts):
    draw_roc(tmp_path / "plot.png")
    assert "ROC AUC [95% interval]" in drawn_texts
    assert "Validation: 0.891 [0.873–0.908]" in drawn_texts
    assert "sensitivity 0.950, specificity 0.600" in drawn_texts


def test_confusion_shows_counts_and_shares_of_the_reference_label(tmp_path, drawn_texts):
    draw_confusion(tmp_path / "plot.png")
    assert {"266", "94.0% of malignant", "594", "49.6% of benign"} <= set(drawn_texts)


def test_names_of_curves_that_end_together_stay_apart(tmp_path, monkeypatch):
    from matplotlib.figure import Figure
    from matplotlib.text import Annotation

    boxes = []
    save = Figure.savefig

    def remember_and_save(figure, *args, **kwargs):
        save(figure, *args, **kwargs)
        for axes in figure.axes:
            names = [child for child in axes.get_children() if isinstance(child, Annotation)]
            boxes.append([name.get_window_extent() for name in names])

    monkeypatch.setattr(Figure, "savefig", remember_and_save)
    rows = [{**row, "val_loss": row["loss"], "val_auc": row["auc"]} for row in history(6)]
    plot_curves(rows, tmp_path / "plot.png", kept_epoch=1)
    assert len(boxes) == 2
    for panel in boxes:
        assert len(panel) == 2
        assert not any(one.overlaps(other) for one, other in itertools.combinations(panel, 2))


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(history(1), id="one epoch"),
        pytest.param([{**row, "val_auc": math.nan} for row in history(3)], id="no val_auc"),
        pytest.param(
            [{**row, "val_auc": math.nan, "val_loss": math.nan} for row in history(2)],
            id="no validation",
        ),
    ],
)
def test_curves_of_little_data(rows, tmp_path):
    plot_curves(rows, tmp_path / "plot.png", kept_epoch=1)
    assert (tmp_path / "plot.png").exists()


def test_one_class_is_drawn_as_undefined(tmp_path, drawn_texts):
    undefined = Estimate(value=math.nan, low=math.nan, high=math.nan)
    plot_roc(
        tmp_path / "roc.png",
        {"Test": ([1, 1], [0.1, 0.2])},
        {"Test": undefined},
        operating_points={"Test": (0.5, math.nan)},
    )
    plot_confusion(Confusion(tp=2, fp=0, tn=0, fn=0), tmp_path / "c.png", title="Test")
    assert {"Test: undefined", "no benign cases"} <= set(drawn_texts)
    assert not any("specificity nan" in text for text in drawn_texts)


def test_nothing_to_draw_is_refused(tmp_path):
    with pytest.raises(DatasetError, match=r"Received: history=\[\]"):
        plot_curves([], tmp_path / "plot.png", kept_epoch=1)
    with pytest.raises(DatasetError, match=r"Received: splits=\[\]"):
        plot_roc(tmp_path / "plot.png", {}, {})


def test_importing_and_drawing_leave_pyplot_alone(tmp_path):
    script = (
        "import sys; from pathlib import Path; import trainer.plots as p; "
        "from edge_runtime.evaluation import Confusion; "
        "early = 'matplotlib' in sys.modules; "
        "p.plot_confusion(Confusion(tp=1, fp=1, tn=1, fn=1), Path(sys.argv[1]), title='t'); "
        "sys.exit(early or 'matplotlib.pyplot' in sys.modules)"
    )
    line = [sys.executable, "-c", script, str(tmp_path / "plot.png")]
    assert subprocess.run(line, check=False).returncode == 0
    assert (tmp_path / "plot.png").exists()
