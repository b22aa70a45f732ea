"""What the four commands share: tables, progress and output that must not be overwritten."""

import itertools
import logging
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from edge_runtime import console
from edge_runtime.errors import OutputExistsError


def test_a_table_is_aligned_and_keeps_to_one_line_a_row(
    capsys: pytest.CaptureFixture[str],
) -> None:
    console.print_table(("name", "detail"), [("a", "short"), ("longer", "two\nlines")])
    assert capsys.readouterr().out.splitlines() == [
        "name    detail",
        "──────  ──────────",
        "a       short",
        r"longer  two\nlines",
    ]


@pytest.mark.parametrize("total", [0, 1, 5])
def test_progress_passes_everything_on_in_order(total: int) -> None:
    assert list(console.progress(iter(range(total)), total, "things")) == list(range(total))


def test_progress_says_now_and_then_how_much_is_left(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = itertools.count(step=11)
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    with caplog.at_level(logging.INFO, "melanoma"):
        list(console.progress("abc", 5, "letters", done=2))
    assert caplog.messages[0] == "letters: 3 of 5, 22 s left"
    assert caplog.messages[-1].startswith("letters: 5 done in ")


@pytest.mark.parametrize("kind", ["file", "folder", "dangling link"])
def test_an_output_that_exists_is_not_overwritten(tmp_path: Path, kind: str) -> None:
    output = tmp_path / "output"
    console.require_absent(output)
    if kind == "file":
        output.touch()
    elif kind == "folder":
        output.mkdir()
    else:
        output.symlink_to("nowhere")
    with pytest.raises(OutputExistsError, match="remove it first"):
        console.require_absent(output)


def test_a_bar_on_the_terminal_leaves_results_in_their_file(tmp_path: Path) -> None:
    program = (
        "from edge_runtime.console import progress, write_line\n"
        "for number in progress(range(3), 3, 'numbers'): write_line(str(number))"
    )
    terminal, its_other_end = pty.openpty()
    with (tmp_path / "results").open("w") as results:
        line = [sys.executable, "-c", program]
        subprocess.run(line, stdout=results, stderr=its_other_end, check=True, timeout=60)
    os.close(its_other_end)
    assert b"numbers" in os.read(terminal, 10_000)
    os.close(terminal)
    assert (tmp_path / "results").read_text() == "0\n1\n2\n"


def test_a_reader_that_leaves_does_not_look_like_success() -> None:
    program = (
        "from edge_runtime import console\n"
        "import typer\n"
        "app = typer.Typer()\n"
        "@app.command()\n"
        "def many() -> None:\n"
        "    for number in range(100_000): console.write_line(str(number))\n"
        "console.run_app(app)"
    )
    line = [sys.executable, "-c", program]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        assert child.stdout.readline() == b"0\n"
        child.stdout.close()
        assert child.stderr.read() == b""
        assert child.wait(timeout=60) == 141
