"""Installs the base package alone, for each Python here and each runtime, and tests it there.

Says which Pythons it had to skip. Run by ``make test``; needs the package registries.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.other_pythons import find_python

ROOT = Path(__file__).resolve().parents[2]
PYTHONS = ("3.11", "3.12", "3.13")
ALL_COMMANDS = "from edge_runtime.cli import make_app; make_app([])"
FORBIDDEN = re.compile(r"\b(tensorflow|keras|cv2|matplotlib)\b")
TESTS = ("tests/edge_runtime", "tests/architecture", "tests/base_install")


def environments() -> Iterator[tuple[str, str, str]]:
    """Python version, requirement and runtime of each environment to build."""
    for version in PYTHONS:
        yield version, ".", "ai-edge-litert"
    yield "3.11", ".[tflite-runtime]", "tflite-runtime"


def build(python: str, folder: Path, requirement: str, runtime: str) -> Path:
    """A fresh environment with the base package and what its tests need; its bin folder."""
    call([python, "-m", "venv", "--clear", str(folder)])
    pip = [str(folder / "bin/python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    call([*pip, "install", "--upgrade", "pip>=25.1"])
    call([*pip, "install", requirement, "--group", "edge-test"])
    if runtime == "tflite-runtime":
        # Without the other runtime the edge has to find this one by itself.
        call([*pip, "uninstall", "--yes", "ai-edge-litert"])
    return folder / "bin"


def require_light_import(binaries: Path) -> None:
    """Stop if importing the edge imports something heavy."""
    command = [str(binaries / "python"), "-X", "importtime", "-c", ALL_COMMANDS]
    log = subprocess.run(command, capture_output=True, text=True, check=True, cwd="/").stderr
    heavy = sorted(set(FORBIDDEN.findall(log)))
    if heavy:
        sys.exit(f"expected a base install without TensorFlow. Received: imports of {heavy}")
    sys.stdout.write(f"imports of the edge: {len(log.splitlines())} modules, none of them heavy\n")


def call(command: list[str]) -> None:
    """Run a command in the repository and stop if it fails."""
    sys.stdout.flush()
    if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
        sys.exit(f"failed: {' '.join(command)}")


def main() -> None:
    """Build and test every environment that this machine can build."""
    skipped = []
    for version, requirement, runtime in environments():
        python = find_python(version)
        if python is None:
            skipped.append(f"Python {version} with {runtime}: no such interpreter here")
            continue
        sys.stdout.write(f"\nbase install: Python {version}, {runtime}\n")
        binaries = build(python, ROOT / f".venv-base-{version}-{runtime}", requirement, runtime)
        require_light_import(binaries)
        os.environ["MELANOMA_EXPECT_RUNTIME"] = runtime
        call([str(binaries / "pytest"), "-q", *TESTS])
    for line in skipped:
        sys.stdout.write(f"skipped: {line}\n")


if __name__ == "__main__":
    main()
