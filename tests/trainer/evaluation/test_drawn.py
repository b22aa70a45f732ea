"""What the plots show: bins that add up to the calibration error, the worst cases, safe names."""

import numpy as np
import pytest
from PIL import Image

from edge_runtime.contract.preprocess import Preprocessing
from edge_runtime.evaluation import Estimate, expected_calibration_error
from trainer.evaluation.contact_sheet import plot_contact_sheet, worst_cases
from trainer.evaluation.lettering import drawable
from trainer.evaluation.plots import plot_scores, plot_subgroups, reliability_bins
from trainer.evaluation.run_folder import cases_of_split, read_run
from trainer.evaluation.subgroups import Subgroup

pytest.importorskip("matplotlib")

UNDEFINED = Estimate(value=float("nan"), low=float("nan"), high=float("nan"))


@pytest.fixture
def cases(small_run):
    return cases_of_split(read_run(small_run.folder), "test")


def test_bins_add_up_to_the_calibration_error():
    generator = np.random.default_rng(2)
    scores = np.round(generator.random(200), 2)
    labels = (generator.random(200) < scores).astype(int)
    rows = reliability_bins(labels, scores)
    assert sum(count for _, _, count in rows) == 200
    gaps = [abs(mean * count - positive) for mean, positive, count in rows]
    assert sum(gaps) / 200 == pytest.approx(expected_calibration_error(labels, scores))


def test_the_worst_come_first(cases):
    misses, alarms = worst_cases(cases, 0.4)
    wrong = [p for p in cases.pictures if (p.score >= 0.4) != (p.label == "malignant")]
    assert sorted(p.file for p in misses + alarms) == sorted(p.file for p in wrong)
    assert [p.score for p in misses] == sorted(p.score for p in misses)
    assert [p.score for p in alarms] == sorted((p.score for p in alarms), reverse=True)


def test_nothing_wrong_no_sheet(cases, tmp_path):
    spec = Preprocessing(size_hw=(75, 75))
    right = type(cases)(name="x", pictures=[p for p in cases.pictures if p.label == "benign"])
    assert not plot_contact_sheet(tmp_path / "worst.png", right, 1.0, spec)
    assert not (tmp_path / "worst.png").exists()


def test_scores_at_the_ends_can_be_drawn(tmp_path):
    labels, scores = np.array([0, 1, 0, 1]), np.array([0.0, 1.0, 0.5, 0.2])
    plot_scores(tmp_path / "scores.png", labels, scores, 0.0)
    with Image.open(tmp_path / "scores.png") as image:
        assert image.width > 500


def test_a_part_with_a_hostile_name_can_be_drawn(tmp_path):
    part = Subgroup(
        attribute="site",
        value="$\\frac{ 病\n",
        pictures=0,
        positive=0,
        groups=0,
        roc_auc=UNDEFINED,
        sensitivity=UNDEFINED,
        specificity=UNDEFINED,
    )
    overall = {"sensitivity": UNDEFINED, "specificity": UNDEFINED}
    plot_subgroups(tmp_path / "parts.png", [part], overall)
    assert (tmp_path / "parts.png").stat().st_size > 1000


@pytest.mark.parametrize(
    ("text", "shown"),
    [("30–44", "30–44"), ("a\nb", "a\\nb"), ("病", "\\u75c5"), ("x" * 30, "xxxx…xxxx")],
)
def test_names_can_be_drawn(text, shown):
    assert drawable(text, 10) == shown
