"""Table, notes and plot of results as they come from real models."""

import dataclasses

import pytest
from PIL import Image

from benchmarks.plot_pareto import plot_pareto
from benchmarks.report import COLUMNS, interval_text, markdown, notes, significant, table_rows
from benchmarks.report_reading import panels_of
from benchmarks.results import (
    Accuracy,
    Decisions,
    Distribution,
    Environment,
    Figure,
    Latency,
    Memory,
    ModelResult,
    PictureRecord,
    Results,
    Settings,
    dump_results,
)
from edge_runtime.contract.schema import to_json

UNDEFINED = Figure(value=None, low=None, high=None, confidence=0.95)


def figure(value: float, margin: float = 0.03) -> Figure:
    return Figure(value=value, low=value - margin, high=value + margin, confidence=0.95)


def accuracy(auc: Figure, flips: int | None) -> Accuracy:
    return Accuracy(
        threshold=0.3,
        figures={
            name: auc if name == "roc_auc" else figure(0.8)
            for name in ("roc_auc", "pr_auc", "sensitivity", "specificity", "accuracy", "f1")
        },
        brier=0.13,
        ece=0.04,
        decisions=Decisions(refer=90, no_referral=60, retake=0, unreadable=0),
        flips=flips,
        roc_auc_change=None if flips is None else figure(-0.003, 0.006),
        max_logit_difference=0.42,
        max_score_difference=0.08,
    )


def variant(name: str, auc: Figure, p50_ms: float, *, rounds: tuple[float, ...] = (1.0, 1.0)):
    times = Distribution(
        min_ms=p50_ms * 0.9,
        mean_ms=p50_ms * 1.02,
        p50_ms=p50_ms,
        p90_ms=p50_ms * 1.1,
        p99_ms=p50_ms * 1.3,
    )
    return ModelResult(
        variant=name,
        file=f"model_{name}.tflite",
        file_sha256="0" * 64,
        size_bytes=11_000_000,
        runtime="ai-edge-litert 2.3.0",
        delegate="cpu",
        accuracy=accuracy(auc, None if name == "float32" else 3),
        latency=Latency(
            queries=200,
            end_to_end=times,
            preprocess=times,
            invoke=times,
            round_invoke_p50_ms=rounds,
            open_ms=900.0,
            verify_ms=100.0,
            load_ms=500.0,
            self_test_ms=300.0,
            first_ms=p50_ms,
        ),
        memory=Memory(steady_mib=103.2, peak_mib=150.7),
    )


@pytest.fixture
def results() -> Results:
    keras = dataclasses.replace(
        variant("keras", figure(0.881), 1.0),
        **dict.fromkeys(("file", "file_sha256", "size_bytes", "runtime", "latency", "memory")),
    )
    return Results(
        schema_version=1,
        created="2026-01-02T03:04:05+00:00",
        model="inceptionv3_mixed8_224",
        demonstration=False,
        notice="Research software, not a medical device.",
        pictures=PictureRecord(
            data="lesions",
            split="test",
            chosen_by="scores.csv",
            pictures=150,
            scored=150,
            positive=70,
            groups=140,
            unreadable_files=0,
            sha256="0" * 64,
        ),
        settings=Settings(
            runtime="auto", threads=1, queries=200, rounds=5, warmup=5, resamples=2000
        ),
        environment=Environment(
            board="Raspberry Pi 5 Model B Rev 1.0",
            cpu=None,
            cpu_features=("asimd", "asimddp"),
            architecture="aarch64",
            cores=4,
            governor="ondemand",
            system="Debian",
            versions={},
            load_before=0.1,
            load_after=1.0,
        ),
        models=(keras, variant("float32", figure(0.88), 190), variant("int8", figure(0.877), 240)),
        skipped={},
    )


def test_rows(results):
    rows = table_rows(results)
    assert all(len(row) == len(COLUMNS) for row in rows)
    assert rows[0][:3] == ("keras", "–", "0.881 [0.851–0.911]")
    assert "190 / 209" in rows[1]
    assert rows[2][-1] == "103 / 151"


def test_rows_of_a_matrix_have_names_of_their_own(results):
    rows = [
        dataclasses.replace(model, threads=count)
        for model in results.models[1:]
        for count in (1, 2)
    ]
    names = [row[0] for row in table_rows(dataclasses.replace(results, models=tuple(rows)))]
    assert names[:2] == ["float32, 1 thread", "float32, 2 threads"]
    assert len(set(names)) == len(rows)


def test_notes_name_the_place_and_the_limits(results):
    text = "\n".join(notes(results))
    assert "150 of 150 test pictures of lesions (70 positive, 80 negative; 140 lesions)" in text
    assert "Raspberry Pi 5 Model B Rev 1.0, 4 cores, governor ondemand, 1 thread" in text
    assert "int8 -0.003 [-0.009 to 0.003]" in text
    assert "never rank variants for a board" in text
    assert "Noisy" not in text
    assert "Other programs" not in text
    assert "demonstration" not in text
    assert notes(results)[-1] == results.notice


def test_notes_of_a_noisy_machine_and_odd_pictures(results):
    noisy = dataclasses.replace(
        results,
        environment=dataclasses.replace(results.environment, load_before=1.9),
        models=(variant("int8", figure(0.877), 240, rounds=(200.0, 262.0)),),
        pictures=dataclasses.replace(
            results.pictures, split="all", chosen_by="folders", unreadable_files=2
        ),
        skipped={"edgetpu": "expected the Edge TPU library"},
        demonstration=True,
    )
    text = "\n".join(notes(noisy))
    assert "Noisy: the p50 of invoke differs between rounds by int8 31%" in text
    assert "load average 1.9 on 4 cores" in text
    assert "was not checked" in text
    assert "2 files of the data set could not be read" in text
    assert "edgetpu was left out: expected the Edge TPU library" in text
    assert "demonstration model" in text


@pytest.mark.parametrize(
    ("split", "said"), [("valid", "optimistic"), ("train", "far too good"), ("all", "far too good")]
)
def test_notes_of_pictures_that_the_model_knows(results, split, said):
    pictures = dataclasses.replace(results.pictures, split=split)
    assert said in "\n".join(notes(dataclasses.replace(results, pictures=pictures)))


def test_markdown_is_one_table(results):
    lines = markdown(results).splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert len(table) == 5
    assert {line.count("|") for line in table} == {len(COLUMNS) + 1}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1234, "0.12"),
        (9.99, "9.99"),
        (9.996, "10.0"),
        (99.94, "99.9"),
        (99.96, "100"),
        (5191, "5191"),
    ],
)
def test_three_digits(value, text):
    assert significant(value) == text


def test_undefined_figures():
    assert interval_text(UNDEFINED, 3) == "undefined"
    no_interval = Figure(value=0.5, low=None, high=None, confidence=0.95)
    assert interval_text(no_interval, 2) == "0.50 [undefined]"


@pytest.mark.parametrize(
    "models",
    [
        [("float32", 0.88, 190)],
        [("float32", 0.88, 190), ("float16", 0.88, 190), ("int8", 0.877, 191)],
        [("float32", 0.88, 190), ("int8", 0.877, 240), ("int16x8", 0.88, 5200)],
        [("int8", 1.0, 0.04), ("edgetpu", 0.5, 40)],
        [],
    ],
)
def test_plot_of_few_equal_and_far_variants(results, models, tmp_path):
    rows = [variant(name, figure(auc, 0.02), p50) for name, auc, p50 in models]
    drawn = dataclasses.replace(results, models=(results.models[0], *rows))
    plot_pareto(panels_of(to_json(drawn)), tmp_path / "plot.png")
    with Image.open(tmp_path / "plot.png") as image:
        assert min(image.size) > 500
        image.verify()


def test_plot_and_json_without_a_defined_area(results, tmp_path):
    undefined = dataclasses.replace(results, models=(variant("int8", UNDEFINED, 240),))
    plot_pareto(panels_of(to_json(undefined)), tmp_path / "plot.png")
    assert (tmp_path / "plot.png").stat().st_size > 1000
    assert '"value": null' in dump_results(undefined)
