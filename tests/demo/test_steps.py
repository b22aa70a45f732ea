import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.steps import Step, StepError, duration, run_step, wrap_command


def test_commands_wrap_between_options() -> None:
    words = ["melanoma-train", "fit", "my data", *["--out", "x" * 40] * 3]
    lines = wrap_command(words).split(" \\\n")
    assert lines[0] == f"melanoma-train fit 'my data' --out {'x' * 40}"
    assert all(line.startswith("    --out xx") for line in lines[1:])
    assert all(len(line) <= 100 for line in lines)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59.7, "1 min 0 s"), (125.0, "2 min 5 s")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package to run in place of one of ours."""
    folder = tmp_path / "edge_runtime"
    folder.mkdir()
    (folder / "__main__.py").write_text(
        "import sys\nprint('row ä')\nsys.stderr.write('told\\n')\nsys.exit(int(sys.argv[1]))\n"
    )
    monkeypatch.chdir(tmp_path)
    return "edge_runtime"


def test_output_is_shown_and_kept(
    module: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    rows = tmp_path / "rows.jsonl"
    done = run_step(Step(title="T", package=module, arguments=("0",), stdout_to=rows), "1/1")
    assert rows.read_text(encoding="utf-8") == "row ä\n"
    out, err = capfd.readouterr()
    assert out.splitlines()[1:4] == ["[1/1] T", "$ melanoma-edge 0", "row ä"]
    assert err == "told\n"
    assert done.command == "melanoma-edge 0"


@pytest.mark.parametrize("kept", [True, False])
def test_exit_code_is_passed_on(module: str, tmp_path: Path, kept: bool) -> None:
    path = tmp_path / "rows" if kept else None
    with pytest.raises(StepError, match="Received: exit code 5") as caught:
        run_step(Step(title="T", package=module, arguments=("5",), stdout_to=path), "1/1")
    assert caught.value.exit_code == 5


@contextlib.contextmanager
def open_terminal() -> Iterator[int]:
    pty = pytest.importorskip("pty", reason="terminals of this kind are not on every system")
    near, far = pty.openpty()
    try:
        yield far
    finally:
        os.close(near)
        os.close(far)


def test_rows_are_kept_on_a_terminal_too(module: str, tmp_path: Path) -> None:
    """A command that draws a progress bar would draw it between the rows, or take them over."""
    (tmp_path / module / "__main__.py").write_text(
        "import sys\nprint(sys.stdout.isatty(), sys.stderr.isatty())\n"
    )
    rows = tmp_path / "rows.jsonl"
    code = (
        f"import os; from demo.steps import *; os.chdir({str(tmp_path)!r}); "
        f"run_step(Step(title='T', package='{module}', arguments=(), "
        f"stdout_to=Path({str(rows)!r})), '1/1')"
    )
    with open_terminal() as terminal:
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=Path(__file__).parents[2],
            stdout=terminal,
            stderr=terminal,
            check=True,
        )
    assert rows.read_text() == "False False\n"
