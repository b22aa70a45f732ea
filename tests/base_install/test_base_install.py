"""What a fresh base install must be able to do; the wanted runtime is named by the caller."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXPECTED_RUNTIME = os.environ.get("MELANOMA_EXPECT_RUNTIME")

pytestmark = pytest.mark.skipif(
    EXPECTED_RUNTIME is None, reason="runs in the environments that make test builds"
)


def test_the_base_install_has_no_tensorflow() -> None:
    for package in ("tensorflow", "keras", "cv2", "matplotlib", "sklearn"):
        assert importlib.util.find_spec(package) is None


def test_the_installed_package_is_the_one_tested() -> None:
    import edge_runtime

    assert "site-packages" in str(edge_runtime.__file__)


def test_doctor_finds_the_expected_runtime() -> None:
    command = shutil.which("melanoma-edge", path=str(Path(sys.executable).parent))
    assert command is not None
    shown = subprocess.run([command, "doctor"], capture_output=True, text=True, check=True).stdout
    assert f"{EXPECTED_RUNTIME}" in shown
    line = next(row for row in shown.splitlines() if f"  {EXPECTED_RUNTIME}" in row)
    assert "computed the probe model" in line
