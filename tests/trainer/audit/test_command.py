"""``melanoma-train audit`` as a user meets it: tables, JSON, page, exit codes."""

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from trainer import cli
from trainer.audit import page


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> int:
    monkeypatch.setattr(sys, "argv", ["melanoma-train", "audit", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


@pytest.fixture
def leaking(split_set: Path) -> Path:
    shutil.copy(split_set / "train/benign/00.jpg", split_set / "test/benign/<b>&.jpg")
    shutil.copy(
        split_set / "train/benign/02.jpg", split_set / os.fsdecode(b"train/malignant/\xe9.jpg")
    )
    (split_set / "train/benign/cut.jpg").write_bytes(b"\xff\xd8\xff")
    return split_set


def test_a_sound_set_ends_with_0(
    split_set: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, split_set) == 0
    shown = capsys.readouterr().out
    assert "leaks between splits  none" in shown
    assert "Research software, not a medical device." in shown


def test_a_leak_ends_with_4_after_all_is_shown_and_written(
    leaking: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    report = tmp_path / "new" / "report.html"
    assert run(monkeypatch, leaking, "--report", report) == 4
    shown = capsys.readouterr()
    assert "exact copies 1" in shown.out
    assert "cut.jpg" in shown.out
    assert r"\xe9.jpg" in shown.out
    assert "Received: 2 pictures across splits (exact copies 1)" in shown.err
    text = report.read_text(encoding="utf-8")
    assert "test/benign/&lt;b&gt;&amp;.jpg" in text
    assert "<b>&.jpg" not in text
    assert text.count("data:image/jpeg;base64,") == 8
    assert "http" not in text
    assert "Research software, not a medical device." in text
    assert [path.name for path in report.parent.iterdir()] == ["report.html"]


def test_json_is_one_object(
    leaking: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, leaking, "--json", "--workers", "1") == 4
    found = json.loads(capsys.readouterr().out)
    assert found["leaks"][0]["kind"] == "exact copies"
    assert found["disagreements"][0]["labels"][r"train/malignant/\xe9.jpg"] == "malignant"
    assert len(found["clusters"]) == 4


def test_an_existing_report_is_refused_before_any_work(
    leaking: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = tmp_path / "report.html"
    report.write_text("kept")
    assert run(monkeypatch, leaking, "--report", report) == 2
    assert report.read_text() == "kept"


def test_the_page_shows_so_many_and_counts_the_rest(
    leaking: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "_SHOWN", 1)
    assert run(monkeypatch, leaking, "--report", tmp_path / "report.html") == 4
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert text.count("<article>") == 1
    assert "2 more not shown" in text


def test_classes_change_what_a_table_of_kinds_brings_in(
    split_set: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = split_set / "train"
    kinds = {"benign": "nv", "malignant": "mel"}
    rows = [f"{p.relative_to(split_set)},{kinds[p.parent.name]}" for p in pictures.rglob("*.jpg")]
    rows[rows.index("train/benign/00.jpg,nv")] = "train/benign/00.jpg,bcc"
    table = split_set / "table.csv"
    table.write_text("\n".join(["file,dx", *rows]) + "\n", encoding="utf-8")
    counts = []
    for options in ((), ("--classes", "bcc=malignant")):
        assert run(monkeypatch, table, "--json", *options) == 0
        counts.append(json.loads(capsys.readouterr().out)["classes"]["all"])
    assert counts == [{"benign": 7, "malignant": 8}, {"benign": 7, "malignant": 9}]


def test_classes_of_another_form_are_a_usage_error(
    split_set: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, split_set, "--classes", "bcc=maybe") == 2
    assert "expected KIND=benign" in " ".join(capsys.readouterr().err.split())


def test_without_split_folders_leaks_are_not_checked(
    leaking: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, leaking / "train") == 0
    assert "not checked: the data set has no split" in capsys.readouterr().out
