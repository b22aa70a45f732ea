"""``preflight`` and ``advise`` as a person or a script runs them."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from converter.advise_command import advise_command
from converter.preflight_command import preflight_command
from edge_runtime import console

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "models/inceptionv3_mixed5_224_int8.tflite"
TINY_FLOAT = ROOT / "tests/data/tiny_float32.tflite"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Exit code, stdout and stderr of a command."""
    app = console.make_app("A test.")
    app.command("preflight")(preflight_command)
    app.command("advise")(advise_command)

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["melanoma-convert", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            console.run_app(app)
        output = capsys.readouterr()
        return int(caught.value.code or 0), output.out, output.err

    return call


def parse(out: str) -> dict[str, Any]:
    (line,) = out.splitlines()
    loaded: dict[str, Any] = json.loads(line)
    return loaded


def test_json_has_the_figures_and_their_sources(run: Run) -> None:
    code, out, _ = run("preflight", PUBLISHED, "--target", "coral-usb3", "--json")
    report = parse(out)
    assert (code, report["status"], report["refused"]) == (0, "predicted", False)
    assert report["mapping"]["first_left"]["operator"] == "DEQUANTIZE"
    assert report["memory"]["fits_on_chip"] == "yes"
    low, high = report["latency_ms"]
    assert 0 < low < high
    assert report["assumptions"]
    assert report["basis"]


def test_a_person_reads_what_a_target_takes(run: Run) -> None:
    code, out, _ = run("preflight", PUBLISHED, "--target", "coral-usb2")
    assert code == 0
    for words in ("predicted", "78 of 80 operators", "#78 DEQUANTIZE", "streamed each time"):
        assert words in out


def test_a_refusal_ends_with_3_and_its_first_reason(run: Run) -> None:
    code, out, error = run("preflight", TINY_FLOAT, "--target", "coral-usb3")
    assert code == 3
    assert "unavailable" in out
    assert "Received: " in error
    assert "works on float32" in error
    code, out, _ = run("preflight", TINY_FLOAT, "--target", "coral-usb3", "--json")
    report = parse(out)
    assert (code, report["refused"], report["latency_ms"]) == (3, True, None)


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [(None, 4, "readable"), (b"PK\x03\x04" * 8, 6, "identifier TFL3")],
    ids=["missing", "another file"],
)
def test_what_is_no_model_is_named(
    run: Run, tmp_path: Path, content: bytes | None, code: int, words: str
) -> None:
    path = tmp_path / "model.tflite"
    if content is not None:
        path.write_bytes(content)
    ended, out, error = run("preflight", path, "--target", "pi5")
    assert (ended, out) == (code, "")
    assert words in error


def test_an_unknown_target_is_wrong_use(run: Run) -> None:
    code, _, error = run("preflight", PUBLISHED, "--target", "pi6")
    assert code == 2
    assert "coral-usb3" in error
