"""A warm start leaves out what is known of this very combination, and of no other."""

import dataclasses
import platform
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import PIL
import pytest

from edge_runtime import LesionClassifier, host_state, self_test
from edge_runtime.contract.embed import SealedModel
from edge_runtime.errors import IntegrityError, SelfTestError
from edge_runtime.interpreter import load_runner
from edge_runtime.runner import FakeRunner, RunnerInfo
from edge_runtime.self_test import ensure_self_test

Seal = Callable[..., SealedModel]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MELANOMA_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def sealed(sealed_model: Seal) -> SealedModel:
    return sealed_model("int8")


class Counting:
    """The real runner, which counts its inferences."""

    def __init__(self, sealed: SealedModel, **info: object) -> None:
        inner = load_runner(sealed.path)

        def run(tensor: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
            self.runs += 1
            return inner.run(tensor)

        self.runs = 0
        self.runner = FakeRunner(
            handler=run,
            input=inner.input,
            output=inner.output,
            info=dataclasses.replace(inner.info, **info),
        )


def runs_of_a_start(sealed: SealedModel, mode: self_test.SelfTestMode, **info: object) -> int:
    counting = Counting(sealed, **info)
    ensure_self_test(sealed, counting.runner, mode)
    return counting.runs


def test_the_second_start_runs_no_golden_case_unless_told_to(sealed: SealedModel) -> None:
    cases = len(sealed.card.golden.cases)
    assert runs_of_a_start(sealed, "remembered") == cases
    assert runs_of_a_start(sealed, "remembered") == 0
    assert runs_of_a_start(sealed, "always") == cases


def test_always_keeps_nothing(sealed: SealedModel, folder: Path) -> None:
    runs_of_a_start(sealed, "always")
    assert not folder.exists()


@pytest.mark.parametrize("change", [{"runtime": "ai-edge-litert 9"}, {"threads": 3}])
def test_another_runtime_is_proved_anew(sealed: SealedModel, change: dict[str, object]) -> None:
    runs_of_a_start(sealed, "remembered")
    assert runs_of_a_start(sealed, "remembered", **change) == 2


def test_another_kernel_family_is_proved_anew(sealed: SealedModel) -> None:
    runs_of_a_start(sealed, "remembered", kernel_family="xnnpack")
    assert runs_of_a_start(sealed, "remembered", kernel_family="builtin") == 2


@pytest.mark.parametrize(
    ("owner", "name", "value"),
    [
        (PIL, "__version__", "1.0"),
        (np, "__version__", "1.0"),
        (platform, "python_version", lambda: "3.0"),
        (self_test, "__version__", "9.9"),
        (host_state, "host_id", lambda: "another board"),
    ],
)
def test_another_version_or_host_is_proved_anew(
    sealed: SealedModel, monkeypatch: pytest.MonkeyPatch, owner: object, name: str, value: object
) -> None:
    runs_of_a_start(sealed, "remembered")
    counting = Counting(sealed)
    monkeypatch.setattr(owner, name, value)
    ensure_self_test(sealed, counting.runner, "remembered")
    assert counting.runs == 2


def test_another_file_is_proved_anew(sealed: SealedModel, sealed_model: Seal) -> None:
    runs_of_a_start(sealed, "remembered")
    assert runs_of_a_start(sealed_model("int8", temperature=2.0), "remembered") == 2


def test_an_accelerator_is_proved_at_every_start(sealed: SealedModel) -> None:
    assert [runs_of_a_start(sealed, "remembered", delegate="edgetpu") for _ in "ab"] == [2, 2]


def test_a_failure_is_never_remembered(sealed: SealedModel, folder: Path) -> None:
    info = RunnerInfo(runtime="fake 0", delegate="cpu", kernel_family="xnnpack", threads=1)
    broken = FakeRunner(
        handler=lambda _: np.full((1, 1), np.nan, np.float32),
        input=sealed.card.input,
        output=sealed.card.output,
        info=info,
    )
    for _ in range(2):
        with pytest.raises(SelfTestError):
            ensure_self_test(sealed, broken, "remembered")
    assert not folder.exists()


def test_a_damaged_file_is_found_although_its_self_test_is_remembered(
    sealed: SealedModel,
) -> None:
    with LesionClassifier.open(sealed.path, self_test="remembered"):
        pass
    content = bytearray(sealed.path.read_bytes())
    content[len(content) // 3] ^= 1
    sealed.path.write_bytes(content)
    with pytest.raises(IntegrityError):
        LesionClassifier.open(sealed.path, self_test="remembered")
