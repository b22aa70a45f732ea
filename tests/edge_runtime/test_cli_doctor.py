"""``melanoma-edge doctor``: what this device can run, and how to install what is missing."""

import json
import platform
import subprocess
from collections.abc import Callable

import numpy as np

import edge_runtime
from edge_runtime.interpreter import RUNTIMES, probe_runtime

Run = Callable[..., subprocess.CompletedProcess[str]]


def test_facts_and_checks_come_as_one_json_object(melanoma_edge: Run) -> None:
    finished = melanoma_edge("doctor", "--json")
    examination = json.loads(finished.stdout)
    checks = {check["name"]: check for check in examination["checks"]}
    assert finished.returncode == 0
    assert examination["python"] == platform.python_version()
    assert examination["versions"]["numpy"] == np.__version__
    assert examination["cores"] >= 1
    assert {check["part"] for check in checks.values()} == {"runtime", "delegate", "camera"}
    for name in RUNTIMES:
        assert checks[name]["ok"] == (probe_runtime(name).problem is None)
    for check in checks.values():
        assert check.keys() == {"part", "name", "ok", "detail", "remedy"}
        assert check["detail"]
        assert check["remedy"]


def test_the_table_ends_with_remedies_for_what_is_missing_and_the_notice(
    melanoma_edge: Run,
) -> None:
    finished = melanoma_edge("doctor")
    missing = [name for name in RUNTIMES if probe_runtime(name).problem is not None]
    assert finished.returncode == 0
    assert all(f"  {name}: pip install" in finished.stdout for name in missing)
    assert finished.stdout.splitlines()[-1] == "Research software, not a medical device."


def test_the_version_is_the_distributions(melanoma_edge: Run) -> None:
    finished = melanoma_edge("--version")
    assert finished.returncode == 0
    assert finished.stdout == f"melanoma-edge {edge_runtime.__version__}\n"
