"""What ``melanoma-bench report`` makes of results: panels, tables, page."""

import copy
import json
import re
from pathlib import Path

import pytest
from PIL import Image

from benchmarks.report_command import write_report
from benchmarks.report_labels import distinct_labels
from benchmarks.report_reading import panels_of, read_panels
from benchmarks.report_tables import interval, markdown_tables, tables
from edge_runtime.contract.card import NOTICE
from edge_runtime.errors import InputError, OutputExistsError

FIGURE = {"value": 0.88, "low": 0.85, "high": 0.91, "confidence": 0.95}
SPREAD = {"min_ms": 90.0, "mean_ms": 101.0, "p50_ms": 100.0, "p90_ms": 120.0, "p99_ms": 150.0}


def old_row(variant: str) -> dict:
    """As a release without baselines, pairs and conditions wrote it."""
    return {
        "variant": variant,
        "file": f"{variant}.tflite",
        "size_bytes": 11_000_000,
        "runtime": "ai-edge-litert 2.3.0",
        "delegate": "cpu",
        "accuracy": {
            "figures": {"roc_auc": FIGURE, "sensitivity": FIGURE, "specificity": FIGURE},
            "brier": 0.1,
            "ece": 0.03,
            "flips": None if variant == "float32" else 4,
            "roc_auc_change": None if variant == "float32" else {**FIGURE, "value": -0.003},
        },
        "latency": {
            "queries": 200,
            "invoke": SPREAD,
            "end_to_end": SPREAD,
            "preprocess": {name: value / 20 for name, value in SPREAD.items()},
            "round_invoke_p50_ms": [99.0, 100.0, 104.0],
            "open_ms": 900.0,
            "load_ms": 400.0,
            "first_ms": 130.0,
        },
        "memory": {"steady_mib": 103.2, "peak_mib": 150.7},
    }


def new_row(variant: str, threads: int) -> dict:
    row = old_row(variant)
    row["threads"] = threads
    row["to_bare"] = {"invoke": {"value": 1.01, "low": 0.99, "high": 1.02}}
    row["conditions"] = {"noisy": ["rounds differ by 14%"] if variant == "int8" else []}
    row["operators"] = [{"name": "CONV_2D", "count": 69, "macs": 1_900_000_000}]
    row["accuracy"]["paired"] = {
        "roc_auc": {"value": -0.003, "low": -0.008, "high": 0.002, "p_value": 0.2},
        "sensitivity": {"value": 0.0, "low": -0.01, "high": 0.01, "p_value": 1.0},
        "specificity": {"value": 0.0, "low": -0.01, "high": 0.01, "p_value": 1.0},
        "gained": 1,
        "lost": 3,
        "p_value": 0.0004,
    }
    return row


def baseline(name: str, variant: str | None) -> dict:
    return {
        "name": name,
        "variant": variant,
        "software": f"{name} 1.0",
        "delegate": "cpu",
        "threads": None,
        "size_bytes": 11_000_000,
        "invoke": SPREAD,
        "end_to_end": None,
        "round_invoke_p50_ms": [100.0],
        "queries": 200,
        "load_ms": 1.0,
        "first_ms": 1.0,
        "memory": {"steady_mib": None, "peak_mib": None},
        "accuracy": None,
    }


@pytest.fixture
def old() -> dict:
    return {
        "schema_version": 1,
        "created": "2026-01-02T03:04:05+00:00",
        "model": "inceptionv3_mixed8_224",
        "environment": {"board": "Raspberry Pi 5", "cores": 4, "architecture": "aarch64"},
        "models": [old_row("float32"), old_row("int8")],
    }


@pytest.fixture
def new(old: dict) -> dict:
    made = copy.deepcopy(old)
    made["environment"] = {"cpu": "A desktop <processor>", "cores": 2, "load_before": 0.4}
    made["models"] = [new_row(name, count) for name in ("float32", "int8") for count in (1, 2)]
    made["baselines"] = [baseline("bare", "int8"), baseline("mediapipe", "float32")]
    made["skipped"] = {"edgetpu": "no library"}
    return made


def test_labels_say_what_differs_and_no_more(old: dict, new: dict) -> None:
    assert [row.label for row in panels_of(old)[0].rows] == ["float32", "int8"]
    labels = [row.label for row in panels_of(new)[0].rows]
    assert labels[1] == "float32, 2 threads"
    assert labels[-2:] == ["bare loop: int8", "MediaPipe: float32"]


def test_equal_rows_get_different_labels(old: dict) -> None:
    old["models"] *= 2
    assert len(set(distinct_labels(panels_of(old)[0].rows))) == 4


def test_rows_of_two_hosts_in_one_file_stand_apart(old: dict) -> None:
    old["models"][1]["environment"] = {"board": "Coral Dev Board", "cores": 4}
    assert [panel.host for panel in panels_of(old)] == ["Raspberry Pi 5", "Coral Dev Board"]


def test_tables_leave_out_what_nobody_measured(old: dict, new: dict) -> None:
    heads = {table.title: table.head for table in tables(panels_of(old)[0])}
    assert "ROC-AUC" in heads["Accuracy"]
    assert "p, DeLong" not in heads["Against float32, on the same pictures"]
    differences = {table.title: table for table in tables(panels_of(new)[0])}
    row = dict(
        zip(
            differences["Against float32, on the same pictures"].head,
            differences["Against float32, on the same pictures"].rows[-1],
            strict=True,
        )
    )
    assert row["p, McNemar"] == "< 0.001"
    assert row["flips (gained, lost)"] == "4 (+1 −3)"
    assert row["Δ ROC-AUC"] == "−0.003 [−0.008 to +0.002]"


def test_other_software_is_compared_with_its_own_file_not_with_float32(new: dict) -> None:
    new["baselines"][1]["accuracy"] = new_row("int8", 1)["accuracy"]
    rows = {table.title: [row[0] for row in table.rows] for table in tables(panels_of(new)[0])}
    assert "MediaPipe: float32" not in rows["Against float32, on the same pictures"]
    assert rows["Other software against the device's code with the same file"] == [
        "MediaPipe: float32"
    ]


def test_markdown_has_one_table_a_host(old: dict, new: dict) -> None:
    text = markdown_tables([*panels_of(old), *panels_of(new)])
    assert text.count("\n| --- ") == 2
    assert "inceptionv3_mixed8_224 on Raspberry Pi 5" in text
    assert NOTICE in text
    assert "bare loop" not in text
    widths = {line.count("|") for line in text.splitlines() if line.startswith("|")}
    assert len(widths) == 1


def test_page_needs_nothing_but_itself(old: dict, new: dict, tmp_path: Path) -> None:
    write_report([*panels_of(old), *panels_of(new)], tmp_path)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert NOTICE in page
    assert "<script" not in page
    assert not re.findall(r'(?:src|href)="(?!data:)', page)
    assert "A desktop &lt;processor&gt;" in page
    assert "edgetpu was left out: no library" in page
    assert "2 of 8 rows are noisy: int8, 1 thread, int8, 2 threads" in page
    assert page.count("<img") == len(list(tmp_path.glob("*.png"))) == 5
    for png in tmp_path.glob("*.png"):
        with Image.open(png) as image:
            image.verify()


def test_report_of_rows_without_any_figure(old: dict, tmp_path: Path) -> None:
    old["models"] = [{"variant": "int8", "accuracy": None, "latency": None, "memory": None}]
    write_report(panels_of(old), tmp_path)
    assert (tmp_path / "report.html").stat().st_size > 1000


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"schema_version": 1}', '{"schema_version": 1, "models": 3}']
)
def test_other_files_are_refused_by_name(content: str, tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=r"other\.json"):
        read_panels([path])


def test_merged_files_and_folders_are_read(old: dict, new: dict, tmp_path: Path) -> None:
    merged = {"schema_version": 1, "tolerances": {}, "runs": [old, new]}
    (tmp_path / "results.json").write_text(json.dumps(merged), encoding="utf-8")
    assert len(read_panels([tmp_path])) == 2


def test_results_of_a_newer_layout_are_refused(old: dict, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps({**old, "schema_version": 99}), encoding="utf-8")
    with pytest.raises(InputError, match="schema_version=99"):
        read_panels([path])


def test_an_output_is_not_overwritten(old: dict, tmp_path: Path) -> None:
    from benchmarks.report_command import report

    path = tmp_path / "results.json"
    path.write_text(json.dumps(old), encoding="utf-8")
    report([path], tmp_path / "out")
    assert (tmp_path / "out" / "report.html").is_file()
    with pytest.raises(OutputExistsError):
        report([path], tmp_path / "out")


def test_interval_text() -> None:
    panel = panels_of(
        {
            "created": "",
            "model": "m",
            "environment": {},
            "models": [old_row("float32")],
        }
    )[0]
    assert interval(panel.rows[0].figures["roc_auc"], 3) == "0.880 [0.850–0.910]"
    assert interval(panel.rows[0].figures["ece"], 3) == "0.030"
    assert interval(None, 3) == "–"
