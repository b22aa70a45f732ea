"""The emulated machine computes the logits, pixels and decisions of the one that emulates it.

Run by ``make test-arm64``, which writes what is expected.
"""

import json
import os
import platform
from pathlib import Path
from typing import Any

import pytest

from edge_runtime.classifier import LesionClassifier
from edge_runtime.contract.preprocess import Preprocessing, pixels_sha256, preprocess
from edge_runtime.interpreter import choose_runtime, load_runner
from edge_runtime.self_test import logit_of

FOLDER = os.environ.get("MELANOMA_ARM64_EXPECTED", "")
EXPECTED = json.loads(Path(FOLDER, "expected.json").read_text()) if FOLDER else {}
MODELS: list[dict[str, Any]] = EXPECTED.get("models", [])

pytestmark = pytest.mark.skipif(not FOLDER, reason="runs emulated: make test-arm64")


def name_of(case: dict[str, Any]) -> str:
    return Path(case.get("model", case.get("picture", ""))).name


def test_this_is_64_bit_arm_with_the_runtime_that_is_meant() -> None:
    assert platform.machine() == "aarch64"
    assert choose_runtime().name == os.environ["MELANOMA_EXPECT_RUNTIME"]


@pytest.mark.parametrize("case", EXPECTED.get("pixels", []), ids=name_of)
def test_pixels_are_the_same_bytes(case: dict[str, Any]) -> None:
    spec = Preprocessing(size_hw=tuple(case["size_hw"]))
    assert pixels_sha256(preprocess(Path(case["picture"]), spec)) == case["sha256"]


@pytest.mark.parametrize("case", MODELS, ids=name_of)
def test_logits_are_the_same_within_the_tolerance(case: dict[str, Any]) -> None:
    spec = Preprocessing(
        **{**case["preprocessing"], "size_hw": tuple(case["preprocessing"]["size_hw"])}
    )
    runner = load_runner(Path(case["model"]))
    family = runner.info.kernel_family
    logits = [logit_of(runner, preprocess(Path(path), spec)) for path in case["pictures"]]
    differences = [abs(a - b) for a, b in zip(logits, case["logits"][family], strict=True)]
    note_difference(case, runner.info.runtime, max(differences))
    # Written so that a logit that is not a number fails too.
    assert max(differences) <= case["tolerance"][family], (logits, case["logits"][family])


@pytest.mark.parametrize("case", [case for case in MODELS if case["decisions"]], ids=name_of)
def test_a_model_passes_its_self_test_and_decides_the_same(case: dict[str, Any]) -> None:
    with LesionClassifier.open(Path(case["model"])) as classifier:
        decisions = [classifier.assess(Path(path)).decision for path in case["pictures"]]
    assert decisions == case["decisions"]


def note_difference(case: dict[str, Any], runtime: str, difference: float) -> None:
    """A row for the table at the end of the run."""
    row = {
        "board": os.environ["MELANOMA_ARM64_BOARD"],
        "runtime": runtime,
        "model": name_of(case),
        "pictures": len(case["pictures"]),
        "difference": difference,
        "tolerance": max(case["tolerance"].values()),
    }
    with Path(FOLDER, "differences.jsonl").open("a") as rows:
        rows.write(json.dumps(row) + "\n")
