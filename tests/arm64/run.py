"""Tests the edge on emulated 64-bit Arm: Debian's Python, the boards' instructions, real wheels.

    python tests/arm64/run.py [FOLDER OF MODELS] [--pictures 1]

Run by ``make test-arm64``. Needs Debian 12's apt and the package registries, but neither root nor a
board. What is downloaded stays in ``.arm64`` for the next run.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from boards import BOARDS, Board, write_board, write_python
from debian import arm64_root, emulator, require_tools
from expected import write_expected

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / ".arm64"
EXPECTED = WORK / "expected"
RUNTIMES = ("ai-edge-litert", "tflite-runtime")
TINY = ("tiny_float32", "tiny_int8")
SCORES = "tests/arm64/test_scores.py"
EDGE_TESTS = (
    "tests/edge_runtime/contract",
    "tests/edge_runtime/test_self_test.py",
    "tests/edge_runtime/test_classifier.py",
    "tests/edge_runtime/test_interpreter.py",
    "tests/edge_runtime/test_remembered.py",
    "tests/edge_runtime/test_cli_doctor.py",
    "tests/edge_runtime/test_cli_image.py",
    # It compiles a library, for this machine.
    "--deselect=tests/edge_runtime/test_interpreter.py::"
    "test_the_edge_tpu_library_without_a_device_says_to_plug_it_in",
)
PLATFORMS = [f"manylinux_2_{minor}_aarch64" for minor in range(36, 16, -1)]  # Debian 12: glibc 2.36


def main() -> None:
    """Build what is missing, run the tests on each board and runtime, print the differences."""
    options = parse_arguments()
    sealed = sorted(options.models.resolve().glob("*.tflite"))
    if not sealed:
        sys.exit(f"expected .tflite files. Received: none in {options.models}")
    require_tools()
    WORK.mkdir(exist_ok=True)
    qemu, debian = emulator(WORK), arm64_root(WORK)
    sites = {runtime: install(runtime) for runtime in RUNTIMES}
    shutil.rmtree(EXPECTED, ignore_errors=True)
    tiny = [ROOT / "tests" / "data" / f"{name}.tflite" for name in TINY]
    write_expected(EXPECTED, tiny, sealed, pictures=options.pictures)
    pythons = {
        (board, runtime): python
        for board in BOARDS
        for runtime, python in write_pythons(board, debian, qemu, sites).items()
    }
    # What no kernel has a part in is tested once.
    edge_tests = {(BOARDS[0], RUNTIMES[0]): EDGE_TESTS}
    failed = [
        f"{board.name} with {runtime}"
        for (board, runtime), python in pythons.items()
        if not passes(python, board, runtime, (SCORES, *edge_tests.get((board, runtime), ())))
    ]
    write_table()
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("models", nargs="?", type=Path, default=ROOT / "models")
    parser.add_argument(
        "--pictures", type=int, default=1, choices=(1, 2, 3), help="for each model with a card"
    )
    return parser.parse_args()


def install(runtime: str) -> Path:
    """A folder with the aarch64 wheels of the edge, one runtime and the tests' tools."""
    folder = WORK / f"site-{runtime}"
    built, wanted = folder / "installed", requirements(runtime)
    if not (built.exists() and built.read_text() == "\n".join(wanted)):
        sys.stdout.write(f"installing for aarch64: {', '.join(wanted)}\n")
        sys.stdout.flush()
        shutil.rmtree(folder, ignore_errors=True)
        pip = [sys.executable, "-m", "pip", "-qq", "--disable-pip-version-check", "install"]
        pip += ["--target", str(folder), "--no-warn-conflicts", "--only-binary=:all:"]
        pip += ["--python-version", "3.11"]
        pip += [word for name in PLATFORMS for word in ("--platform", name)]
        call([*pip, *wanted])
        built.write_text("\n".join(wanted))
    return folder


def requirements(runtime: str) -> list[str]:
    """What pyproject.toml asks for, for aarch64, with one runtime."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = list(project["project"]["dependencies"])
    if runtime == "tflite-runtime":
        wanted = [one for one in wanted if not one.startswith("ai-edge-litert")]
        wanted += project["project"]["optional-dependencies"]["tflite-runtime"]
    # pip would judge the conditions by the Python that runs here.
    return [one.partition(";")[0] for one in wanted + project["dependency-groups"]["edge-test"]]


def write_pythons(
    board: Board, debian: Path, qemu: Path, sites: Mapping[str, Path]
) -> dict[str, Path]:
    """The board's Python with each runtime."""
    root = write_board(board, debian, WORK / board.name)
    return {
        runtime: write_python(
            root / f"python-{runtime}",
            emulator=qemu,
            board=board,
            root=root,
            path=f"{ROOT}:{site}",
        )
        for runtime, site in sites.items()
    }


def passes(python: Path, board: Board, runtime: str, tests: Sequence[str]) -> bool:
    """Whether the tests pass on this board."""
    sys.stdout.write(f"\n{board.name} ({board.cpu}), {runtime}\n")
    sys.stdout.flush()
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
        "MELANOMA_EXPECT_RUNTIME": runtime,
        "MELANOMA_ARM64_EXPECTED": str(EXPECTED),
        "MELANOMA_ARM64_BOARD": board.name,
    }
    pytest = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]
    return subprocess.run(pytest, cwd=ROOT, env=environment, check=False).returncode == 0


def differences() -> Iterator[dict[str, str | float]]:
    rows = EXPECTED / "differences.jsonl"
    for line in rows.read_text().splitlines() if rows.exists() else []:
        yield json.loads(line)


def write_table() -> None:
    """The largest differences as Markdown."""
    columns = ("board", "runtime", "model", "pictures", "difference", "tolerance")
    sys.stdout.write(f"\n| {' | '.join(columns)} |\n|{' --- |' * len(columns)}\n")
    for row in differences():
        cells = [f"{row[c]:.6f}" if c == "difference" else str(row[c]) for c in columns]
        sys.stdout.write(f"| {' | '.join(cells)} |\n")


def call(command: list[str]) -> None:
    """Run a command and stop if it fails."""
    if subprocess.run(command, check=False).returncode != 0:
        sys.exit(f"failed: {' '.join(command)}")


if __name__ == "__main__":
    main()
