"""``python demo/run.py`` up to where the long steps would begin."""

import subprocess
import sys
from pathlib import Path

import pytest

RUN = Path(__file__).parents[2] / "demo" / "run.py"


def demo(cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(RUN), *arguments]
    return subprocess.run(
        command, cwd=cwd, capture_output=True, encoding="utf-8", check=False, timeout=120
    )


@pytest.mark.parametrize(
    ("files", "found"), [((), "no finished demo"), (("report.html",), "a finished demo")]
)
def test_refuses_an_output_that_exists(tmp_path: Path, files: tuple[str, ...], found: str) -> None:
    (tmp_path / "out").mkdir()
    for file in files:
        (tmp_path / "out" / file).write_text("mine")
    done = demo(tmp_path, "--out", "out")
    assert done.returncode == 2
    assert f"Received: out, {found}. Remove it, or name another one with --out." in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(files)


def test_weights_need_data(tmp_path: Path) -> None:
    done = demo(tmp_path, "--out", "out", "--weights", "imagenet")
    assert done.returncode == 2
    assert "--data" in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_failing_step_ends_the_demo_with_its_exit_code(tmp_path: Path) -> None:
    done = demo(tmp_path, "--out", "out", "--data", "nowhere", "--weights", "none")
    assert done.returncode == 4
    assert "$ melanoma-train fit nowhere --out out/run --weights none --cut mixed5" in done.stdout
    assert "nowhere, which is no folder" in done.stderr
    assert "expected step 1/4 to end with exit code 0. Received: exit code 4" in done.stderr
    assert "run the demo again" in done.stderr
    assert not (tmp_path / "out").exists()


def test_an_output_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    done = demo(tmp_path, "--out", "file/out")
    assert done.returncode == 4
    assert "--out file/out: Not a directory" in done.stderr


@pytest.mark.parametrize("option", [("--cut", "mixed11"), ("--image-size", "20")])
def test_impossible_options_are_refused_before_anything_is_drawn(
    tmp_path: Path, option: tuple[str, str]
) -> None:
    done = demo(tmp_path, "--out", "out", *option)
    assert done.returncode == 2
    assert option[0] in done.stderr
    assert not (tmp_path / "out").exists()
