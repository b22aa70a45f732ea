"""``melanoma-bench training`` on drawn pictures: every figure is there and follows from raw times.

Nothing here says how fast anything is: on so few pictures the ratios mean nothing.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from typer.testing import CliRunner

from benchmarks.cli import app
from benchmarks.training_pictures import draw_pictures
from benchmarks.training_results import Epochs, Ratio, Times, TrainingResults
from edge_runtime.contract.manifest import Picture
from edge_runtime.contract.schema import from_json
from edge_runtime.errors import InputError, OutputExistsError
from edge_runtime.synthetic_dataset import write_dataset

OPTIONS = ("--weights", "none", "--cut", "mixed1", "--image-size", 75)
SHORT = ("--pictures", 24, "--views", 1, "--repeats", 2)


def invoke(*arguments: object) -> str:
    texts = ["training", *map(str, arguments)]
    result = CliRunner().invoke(app, texts, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("training") / "drawn"
    write_dataset(folder, benign=30, malignant=20, seed=1, size_hw=(75, 75))
    return folder


@pytest.fixture(scope="module")
def measured(drawn: Path) -> tuple[str, TrainingResults]:
    """The tables, and what the file holds, of one benchmark."""
    out = drawn.with_name("out.json")
    tables = invoke(drawn, *OPTIONS, *SHORT, "--out", out)
    text = out.read_text(encoding="utf-8")
    assert not out.with_name("out.json.partial").exists()
    return tables, from_json(TrainingResults, json.loads(text), "results")


def every(kind: type, value: Any) -> Iterator[Any]:
    """All values of a kind in nested dataclasses and tuples."""
    if isinstance(value, kind):
        yield value
    inside = value if isinstance(value, tuple) else vars(value).values() if _fields(value) else ()
    for item in inside:
        yield from every(kind, item)


def _fields(value: Any) -> bool:
    return hasattr(value, "__dataclass_fields__")


@pytest.mark.tensorflow
def test_times_are_positive_and_summarised(measured):
    results = measured[1]
    found = list(every(Times, results))
    # Stage 1: baseline, ours, its three parts, perhaps the head alone; stage 2: twice two, full.
    assert len(found) in (11, 12)
    for times in found:
        assert len(times.raw_s) == 2
        assert min(times.raw_s) > 0
        assert times.median_s == median(times.raw_s)
        assert times.spread == (max(times.raw_s) - min(times.raw_s)) / times.median_s


@pytest.mark.tensorflow
def test_stage_1(measured):
    stage_1 = measured[1].stage_1
    assert (stage_1.epochs, stage_1.blog_epochs_measured) == (15, 2)
    assert stage_1.blog_computed_s == 15 * stage_1.blog_epoch.median_s
    assert stage_1.ratio.goal == 8
    require_quotient(stage_1.ratio, stage_1.blog_computed_s, stage_1.ours.median_s)
    assert stage_1.blog_warm_up_s > 0
    assert 0 <= stage_1.blog_wait_share < 1
    parts = zip(stage_1.decode.raw_s, stage_1.features.raw_s, stage_1.head.raw_s, strict=True)
    assert [sum(part) for part in parts] == pytest.approx(stage_1.ours.raw_s)


@pytest.mark.tensorflow
def test_time_to_the_same_auc(measured):
    stage_1, same = measured[1].stage_1, measured[1].same_auc
    assert same.valid_auc == max(stage_1.blog_valid_auc)
    assert stage_1.blog_valid_auc[same.blog_epoch - 1] == same.valid_auc
    assert same.blog_s == sum(stage_1.blog_epoch.raw_s[: same.blog_epoch])
    if same.our_epoch is None:
        assert (same.head, same.ours_s, same.ratio) == (None, None, None)
    else:
        parts = (stage_1.decode, stage_1.features, same.head)
        assert same.ours_s == pytest.approx(sum(part.median_s for part in parts))
        assert same.ratio == same.blog_s / same.ours_s


@pytest.mark.tensorflow
def test_stage_2(measured):
    results = measured[1]
    (only,) = results.stage_2
    assert only.unfreeze == "mixed1"
    assert only.ratio.goal == 3
    require_quotient(only.ratio, only.live.total.median_s, only.stored.total.median_s)
    for epochs in every(Epochs, results):
        assert epochs.pictures_per_s == results.pictures.train / epochs.total.median_s
        shares = [f / t for f, t in zip(epochs.feed.raw_s, epochs.total.raw_s, strict=True)]
        assert epochs.wait_share == median(shares)
        assert 0 < epochs.wait_share < 1
    assert only.store_s > 0
    assert only.stored_mb > 0
    gain_s = only.live.total.median_s - only.stored.total.median_s
    if gain_s > 0:
        assert only.store_s <= only.pays_after_epochs * gain_s < only.store_s + gain_s
    else:
        assert only.pays_after_epochs is None


def require_quotient(ratio: Ratio, slow_s: float, fast_s: float) -> None:
    assert ratio.value == slow_s / fast_s
    assert 0 < ratio.low <= ratio.value <= ratio.high
    assert ratio.met is (ratio.value >= ratio.goal)


@pytest.mark.tensorflow
def test_what_was_measured_on_and_where(measured):
    results = measured[1]
    assert results.pictures.train + results.pictures.valid == 24
    assert 0 < results.pictures.positive < 24
    assert results.settings.weights == "none"
    assert results.environment.cores >= 1
    assert "keras" in results.backend


@pytest.mark.tensorflow
def test_tables(measured):
    tables, results = measured
    assert f"≥ 8: {'' if results.stage_1.ratio.met else 'not '}met" in tables
    assert "2 epochs measured, 15 computed" in tables
    for row in ("stage 2, mixed1 free", "mixed1, stored", "mixed1, live", "all (mixed1), live"):
        assert row in tables
    assert results.notice in tables


@pytest.mark.tensorflow
def test_interrupted(drawn, tmp_path):
    """Ctrl-C leaves neither output nor temporary folder, and ends with 130."""
    out = tmp_path / "out.json"
    command = [sys.executable, "-m", "benchmarks", "training", drawn, *OPTIONS, "--out", out]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [str(part) for part in command], stderr=subprocess.PIPE, encoding="utf-8", env=environment
    ) as running:
        while "stage 1, repeat 1" not in (line := running.stderr.readline()):
            assert line, "ended before it measured"
        time.sleep(1)
        running.send_signal(signal.SIGINT)
        said = running.stderr.read()
    assert running.returncode == 130
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


def test_output_is_never_overwritten(drawn, tmp_path):
    out = tmp_path / "out.json"
    out.write_text("kept")
    with pytest.raises(OutputExistsError):
        invoke(drawn, *OPTIONS, "--out", out)
    assert out.read_text() == "kept"


def test_output_in_an_impossible_place(drawn, tmp_path):
    with pytest.raises(InputError, match="--out"):
        invoke(drawn, *OPTIONS, "--out", tmp_path / "absent" / "out.json")


@pytest.mark.parametrize(("option", "value"), [("--cut", "mixed0"), ("--unfreeze", "mixed2")])
def test_unknown_choice(drawn, option, value):
    arguments = ["training", str(drawn), *map(str, OPTIONS), option, value]
    result = CliRunner().invoke(app, arguments, env={**os.environ, "TERM": "dumb"})
    assert result.exit_code == 2
    assert value in result.output


def picture(number: int, label: str, split: str) -> Picture:
    return Picture(
        file=f"{label}/{split}_{number}.jpg",
        sha256=f"{number:064x}",
        label=label,
        group=str(number),
        split=split,
    )


def test_drawn_pictures_keep_the_shares():
    sizes = {("train", "benign"): 500, ("train", "malignant"): 120, ("valid", "benign"): 150}
    sizes |= {("valid", "malignant"): 30, ("test", "benign"): 200}
    everything = [
        picture(number, label, split)
        for (split, label), count in sizes.items()
        for number in range(count)
    ]
    chosen = draw_pictures(everything, 80, seed=3)
    assert Counter((one.split, one.label) for one in chosen) == {
        ("train", "benign"): 50,
        ("train", "malignant"): 12,
        ("valid", "benign"): 15,
        ("valid", "malignant"): 3,
    }
    assert chosen == draw_pictures(everything, 80, seed=3)
    assert len(draw_pictures(everything, 5000, seed=3)) == 800
