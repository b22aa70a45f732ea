"""Environments of other software that we compare with, each built once in a folder of its own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

MEDIAPIPE = ("mediapipe==1.2.2",)
TFLITE_RUNTIME = ("tflite-runtime==2.14.0", "numpy<2")
_TFLITE_RUNTIME_PYTHON = "3.11"  # the last one with wheels


def mediapipe_python(root: Path) -> Path:
    """The Python of an environment with MediaPipe Tasks below ``root``."""
    return environment(root / ".venv-interop", sys.executable, MEDIAPIPE)


def tflite_runtime_python(root: Path) -> Path | None:
    """The Python of one with tflite-runtime; None where no Python that it supports is here."""
    python = find_python(_TFLITE_RUNTIME_PYTHON)
    if python is None:
        return None
    return environment(root / ".venv-interop-tflite", python, TFLITE_RUNTIME)


def find_python(version: str) -> str | None:
    """An interpreter of this version that runs: on the path, or one of pyenv's."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    candidates = [shutil.which(f"python{version}"), *sorted(pyenv.glob(f"{version}.*/bin/python"))]
    for candidate in filter(None, [sys.executable, *candidates]):
        probe = [str(candidate), "-c", "import sys, venv; print('%d.%d' % sys.version_info[:2])"]
        found = subprocess.run(probe, capture_output=True, text=True, check=False)
        if found.returncode == 0 and found.stdout.strip() == version:
            return str(candidate)
    return None


def environment(folder: Path, python: str, requirements: Sequence[str]) -> Path:
    """The Python of an environment with these packages, built if it is not there yet.

    Raises:
        subprocess.CalledProcessError: If it cannot be built.
    """
    built, wanted = folder / "installed", "\n".join(requirements)
    if not (built.exists() and built.read_text() == wanted):
        sys.stderr.write(f"building {folder.name}: {', '.join(requirements)}\n")
        subprocess.run([python, "-m", "venv", "--clear", str(folder)], check=True)
        pip = [str(folder / "bin/python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", *requirements], check=True)
        built.write_text(wanted)
    return folder / "bin/python"
