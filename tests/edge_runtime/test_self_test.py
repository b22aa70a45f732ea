"""A device that computes something else than the converter is found before the first picture."""

import dataclasses
import hashlib
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from edge_runtime.classifier import LesionClassifier
from edge_runtime.contract.embed import SealedModel, open_sealed, write_sealed
from edge_runtime.contract.golden import GoldenSet
from edge_runtime.errors import ContractError, SelfTestError, TensorMismatchError
from edge_runtime.interpreter import load_runner
from edge_runtime.runner import FakeRunner
from edge_runtime.self_test import run_self_test

Seal = Callable[..., SealedModel]
VARIANTS = ("float32", "int8")


def with_golden(sealed: SealedModel, **changes: Any) -> GoldenSet:
    """The card's golden set with its first case changed."""
    first, *others = sealed.card.golden.cases
    changed = dataclasses.replace(first, **changes)
    return dataclasses.replace(sealed.card.golden, cases=(changed, *others))


def shifted_logits(sealed: SealedModel, tolerances: float) -> dict[str, float]:
    golden = sealed.card.golden
    return {
        family: logit + tolerances * golden.tolerance[family]
        for family, logit in golden.cases[0].logits.items()
    }


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("optimized", [True, False])
def test_this_runtime_computes_what_the_card_expects(
    sealed_model: Seal, variant: str, optimized: bool
) -> None:
    sealed = sealed_model(variant)
    runner = load_runner(sealed.path, optimized=optimized)
    difference = run_self_test(sealed, runner)
    assert difference <= sealed.card.golden.tolerance[runner.info.kernel_family]


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("tolerances", [-1.5, 1.5])
def test_a_logit_beyond_the_tolerance_is_refused(
    sealed_model: Seal, variant: str, tolerances: float
) -> None:
    sealed = sealed_model(variant)
    golden = with_golden(sealed, logits=shifted_logits(sealed, tolerances))
    wrong = sealed_model(variant, golden=golden)
    with pytest.raises(SelfTestError, match=r"golden/0\.png.*try --runtime"):
        LesionClassifier.open(wrong.path)


def test_a_logit_within_the_tolerance_is_accepted(sealed_model: Seal) -> None:
    sealed = sealed_model("int8")
    golden = with_golden(sealed, logits=shifted_logits(sealed, 0.5))
    with LesionClassifier.open(sealed_model("int8", golden=golden).path) as classifier:
        assert classifier.card.golden == golden


@pytest.mark.parametrize("logit", [math.nan, math.inf, -math.inf])
def test_a_logit_that_is_no_number_is_refused(sealed_model: Seal, logit: float) -> None:
    sealed = sealed_model()
    broken = FakeRunner(
        handler=lambda _: np.full((1, 1), logit, np.float32),
        input=sealed.card.input,
        output=sealed.card.output,
    )
    with pytest.raises(SelfTestError, match="logit="):
        run_self_test(sealed, broken)


def test_other_pixels_from_a_golden_picture_name_the_pillow_to_install(sealed_model: Seal) -> None:
    sealed = sealed_model()
    golden = with_golden(sealed, pixels_sha256="0" * 64)
    wrong = sealed_model(golden=golden)
    pillow = sealed.card.conversion.versions["pillow"]
    with pytest.raises(SelfTestError, match=rf"install the version .*{pillow}"):
        LesionClassifier.open(wrong.path)


def test_a_golden_picture_that_cannot_be_decoded_is_the_models_fault(sealed_model: Seal) -> None:
    sealed = sealed_model()
    content = b"no picture"
    digest = hashlib.sha256(content).hexdigest()
    card = dataclasses.replace(sealed.card, golden=with_golden(sealed, file_sha256=digest))
    write_sealed(
        sealed.path,
        sealed.path.read_bytes(),
        card,
        {**sealed.golden, card.golden.cases[0].file: content},
    )
    with pytest.raises(SelfTestError, match="can be decoded") as caught:
        LesionClassifier.open(sealed.path)
    assert caught.value.exit_code == 3


def test_kernels_without_golden_cases_are_refused(sealed_model: Seal) -> None:
    golden = sealed_model().card.golden
    only_edgetpu = GoldenSet(
        cases=tuple(dataclasses.replace(case, logits={"edgetpu": 0.0}) for case in golden.cases),
        tolerance={"edgetpu": 0.1},
    )
    with pytest.raises(SelfTestError, match=r"cases for \['edgetpu'\]"):
        LesionClassifier.open(sealed_model(golden=only_edgetpu).path)


@pytest.mark.parametrize(
    ("tensor", "changes"),
    [
        ("input", {"zero_point": 1}),
        ("input", {"scale": 0.5}),
        ("input", {"dtype": "int8"}),
        ("output", {"dtype": "int8", "scale": 0.1}),
    ],
)
def test_tensors_other_than_the_cards_are_refused(
    sealed_model: Seal, tensor: str, changes: dict[str, Any]
) -> None:
    card = sealed_model("int8").card
    other = dataclasses.replace(getattr(card, tensor), **changes)
    with pytest.raises(TensorMismatchError, match=f"the {tensor} tensor"):
        LesionClassifier.open(sealed_model("int8", **{tensor: other}).path)


def test_a_card_on_another_model_is_refused(sealed_model: Seal) -> None:
    float32, int8 = sealed_model("float32"), sealed_model("int8")
    path = float32.path.with_name("mixed.tflite")
    write_sealed(path, int8.path.read_bytes(), float32.card, float32.golden)
    assert open_sealed(path).card.variant == "float32"
    with pytest.raises(ContractError):
        LesionClassifier.open(path)
