"""The evaluation folder: whole, strict JSON, hostile names harmless, nothing overwritten."""

import csv
import html.parser
import json
import shutil

import pytest

from edge_runtime.contract.card import NOTICE
from edge_runtime.errors import DatasetError, InputError, OutputExistsError
from edge_runtime.evaluation import bootstrap_metrics
from trainer.evaluation.evaluate import EvaluateConfig, evaluate
from trainer.evaluation.model_card import model_card

pytest.importorskip("matplotlib")

HOSTILE = "benign/<img src=x onerror=alert(1)>$x^2$ | `病`.jpg"


class _Page(html.parser.HTMLParser):
    """Counts tags, and keeps what the page would load."""

    def __init__(self):
        super().__init__()
        self.tags, self.sources = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.sources += [value for name, value in attrs if name in ("src", "href")]


def parsed(path):
    page = _Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def strict_json(path):
    def refuse(constant):
        raise AssertionError(constant)

    return json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)


def test_the_folder_is_whole(small_run):
    result = evaluate(EvaluateConfig(run=small_run.folder))
    out = small_run.folder / "evaluation-test"
    assert strict_json(out / "metrics.json") == json.loads(json.dumps(result))
    plots = {path.stem for path in (out / "plots").iterdir()}
    assert plots == {
        "curves", "roc", "precision_recall", "reliability", "scores", "confusion_matrix",
        "worst", "subgroups",
    }  # fmt: skip
    page = parsed(out / "report.html")
    assert page.tags.count("img") == len(plots)
    assert all(source.startswith("data:") for source in page.sources)
    assert "script" not in page.tags
    text = (out / "report.html").read_text(encoding="utf-8")
    assert 0 < text.index(NOTICE, text.index("<main>")) < text.index("<h2>")
    assert NOTICE in (out / "model_card.md").read_text(encoding="utf-8")
    assert not list(small_run.folder.glob("*.partial"))


def test_the_figures_are_in_all_of_them(small_run):
    result = evaluate(EvaluateConfig(run=small_run.folder, split="test", prevalence=0.1))
    chosen = [p for p in small_run.pictures if p.split == "test"]
    direct = bootstrap_metrics(
        [int(p.label == "malignant") for p in chosen],
        [p.score for p in chosen],
        0.4,
        groups=[p.group for p in chosen],
        seed=3,
    )
    assert result["metrics"]["sensitivity"] == direct["sensitivity"].as_dict()
    out = small_run.folder / "evaluation-test"
    shown = f"{direct['sensitivity']:.3f}"
    assert shown in (out / "report.html").read_text(encoding="utf-8")
    card = (out / "model_card.md").read_text(encoding="utf-8")
    assert shown.replace("[", "\\[").replace("]", "\\]") in card
    assert "TO BE FILLED IN" in card


def test_the_model_card_says_how_the_classes_were_treated_and_what_leaked(small_run):
    result = evaluate(EvaluateConfig(run=small_run.folder))
    sound = model_card(result)
    assert "Unequal classes in training: class weights." in sound
    assert "Warning" not in sound
    leaking = model_card(result | {"training": result["training"] | {"leaked_pictures": 7}})
    title, warning, notice, *_ = leaking.split("\n\n")
    assert title.startswith("# Model card")
    assert "Warning: 7 pictures" in warning
    assert NOTICE in notice


def test_subgroups_say_not_measured(small_run):
    evaluate(EvaluateConfig(run=small_run.folder))
    out = small_run.folder / "evaluation-test"
    with (out / "subgroups.csv").open(newline="", encoding="utf-8") as stream:
        rows = {(row["attribute"], row["value"]): row for row in csv.DictReader(stream)}
    assert rows["age", "30–44"]["pictures"] == "0"
    assert rows["age", "30–44"]["sensitivity"] == "not measured"
    assert rows["dx", "mel"]["roc_auc_low"] == "not measured"
    for name in ("subgroups.csv", "report.html", "model_card.md"):
        lowered = (out / name).read_text(encoding="utf-8").lower()
        assert "nan" not in lowered.split("data:image")[0].split()
        assert "undefined" not in lowered


def test_hostile_names_are_harmless(drawn, run_of, tmp_path):
    data = tmp_path / "data"
    shutil.copytree(drawn, data)
    table = (data / "metadata.csv").read_text(encoding="utf-8").replace("back", "<b>back|$x$")
    names = sorted((data / "benign").iterdir())
    names[-1].rename(data / "benign" / "worst.jpg")
    (data / "metadata.csv").write_text(table, encoding="utf-8")
    run = run_of(data)
    scores = (run.folder / "scores.csv").read_text(encoding="utf-8").splitlines()
    head, *rows = csv.reader(scores)
    row = next(row for row in rows if row[0] == "benign/worst.jpg")
    (data / row[0]).rename(data / HOSTILE)
    row[0], row[-2], row[-1] = HOSTILE, "9.0", "0.999"
    with (run.folder / "scores.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([head, *rows])
    out = tmp_path / "out"
    evaluate(EvaluateConfig(run=run.folder, out=out))
    text = (out / "report.html").read_text(encoding="utf-8")
    assert "<b>back" not in text
    assert "&lt;b&gt;back" in text
    assert "onerror" not in text
    assert "\\<b\\>back\\|\\$x\\$" in (out / "model_card.md").read_text(encoding="utf-8")


def test_an_output_is_not_overwritten(small_run, tmp_path):
    with pytest.raises(OutputExistsError):
        evaluate(EvaluateConfig(run=small_run.folder, out=tmp_path))


def test_without_the_data_folder(run_of, drawn, tmp_path):
    data = tmp_path / "data"
    shutil.copytree(drawn, data)
    run = run_of(data)
    shutil.rmtree(data)
    result = evaluate(EvaluateConfig(run=run.folder))
    out = run.folder / "evaluation-test"
    assert result["subgroups"] == []
    assert "not there" in result["remarks"][0]
    assert not (out / "plots" / "worst.png").exists()
    assert "not there" in (out / "report.html").read_text(encoding="utf-8")
    with pytest.raises(DatasetError, match="--tta"):
        evaluate(EvaluateConfig(run=run.folder, out=tmp_path / "tta", tta=True))
    assert not list(tmp_path.glob("tta*"))


def test_changed_pictures_have_unknown_parts(run_of, drawn, tmp_path):
    data = tmp_path / "data"
    shutil.copytree(drawn, data)
    run = run_of(data)
    changed = next(p for p in run.pictures if p.split == "test")
    with (data / changed.file).open("ab") as stream:
        stream.write(b"\0")
    result = evaluate(EvaluateConfig(run=run.folder))
    assert result["remarks"][0].startswith("1 pictures are not")
    unknown = [row for row in result["subgroups"] if row["value"] == "unknown"]
    assert sum(row["pictures"] for row in unknown if row["attribute"] == "sex") == 1


def test_no_pictures_of_the_split(small_run):
    with pytest.raises(DatasetError, match="Use one of: train, test"):
        evaluate(EvaluateConfig(run=small_run.folder, split="valid"))


def test_no_run_folder(tmp_path):
    with pytest.raises(InputError, match="melanoma-train fit"):
        evaluate(EvaluateConfig(run=tmp_path))


def test_a_run_from_a_table(run_of, drawn, tmp_path):
    table = tmp_path / "table.csv"
    with (drawn / "metadata.csv").open(newline="", encoding="utf-8") as stream:
        rows = [row | {"file": str(drawn / row["file"])} for row in csv.DictReader(stream)]
    with table.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    result = evaluate(EvaluateConfig(run=run_of(table).folder))
    parts = {row["attribute"] for row in result["subgroups"]}
    assert parts == {"age", "sex", "site", "dx", "skin tone"}
