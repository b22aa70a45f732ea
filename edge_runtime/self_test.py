"""Proof, before the first picture, that this device computes what the converter computed.

A pass may be remembered, so that a warm start does not pay for it again. It counts only while
everything that the outcome depends on is as it was: host, file, runtime, kernels, threads, and the
versions of Python, numpy, Pillow and this package. An accelerator is proved at every start: it may
have been exchanged for another one.
"""

import platform
from typing import Literal

import numpy as np
import PIL

from edge_runtime.contract.embed import SealedModel
from edge_runtime.contract.golden import GoldenCase
from edge_runtime.contract.preprocess import Pixels, pixels_sha256, preprocess
from edge_runtime.contract.quantization import dequantize, quantize
from edge_runtime.errors import InputError, SelfTestError
from edge_runtime.host_state import recall, remember
from edge_runtime.runner import Runner
from edge_runtime.version import __version__

SelfTestMode = Literal["always", "remembered"]
_TOPIC = "self-test"
_PASSED = "passed"


def logit_of(runner: Runner, pixels: Pixels) -> float:
    """The model's logit of uint8 pixels (H, W, 3)."""
    tensor = quantize(pixels[None], runner.input)
    return float(dequantize(runner.run(tensor), runner.output)[0, 0])


def ensure_self_test(model: SealedModel, runner: Runner, mode: SelfTestMode) -> None:
    """Run the golden cases, unless ``remembered`` is asked for and they are known to pass here.

    Raises:
        SelfTestError: If a case fails; nothing is remembered then.
    """
    may_remember = mode == "remembered" and runner.info.delegate == "cpu"
    key = _key(model, runner) if may_remember else {}
    if may_remember and recall(_TOPIC, key) == _PASSED:
        return
    run_self_test(model, runner)
    if may_remember:
        remember(_TOPIC, key, _PASSED)


def _key(model: SealedModel, runner: Runner) -> dict[str, str]:
    info = runner.info
    return {
        "file_sha256": model.file_sha256,
        "runtime": info.runtime,
        "delegate": info.delegate,
        "kernel_family": info.kernel_family,
        "threads": str(info.threads),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "pillow": PIL.__version__,
        "melanoma_edge": __version__,
    }


def run_self_test(model: SealedModel, runner: Runner) -> float:
    """Run the golden cases of a model.

    Returns:
        The largest |Δlogit| from what the card expects.

    Raises:
        SelfTestError: If a case's pixels or logit are not those that the converter recorded.
    """
    family = runner.info.kernel_family
    golden = model.card.golden
    if family not in golden.tolerance:
        raise SelfTestError(
            f"expected golden cases for the kernels of {runner.info.runtime} ({family}). "
            f"Received: cases for {sorted(golden.tolerance)}. Use a variant made for this delegate."
        )
    return max(_check_case(model, runner, case) for case in golden.cases)


def _check_case(model: SealedModel, runner: Runner, case: GoldenCase) -> float:
    try:
        pixels = preprocess(model.golden[case.file], model.card.preprocessing)
    except InputError as error:
        raise SelfTestError(
            f"expected a golden picture that can be decoded. Received: {case.file}: {error}"
        ) from error
    if pixels_sha256(pixels) != case.pixels_sha256:
        raise SelfTestError(
            f"expected the pixels that the converter saw in {case.file}. Received: other pixels. "
            "This Pillow decodes or resizes differently: install the version that the card names "
            f"({model.card.conversion.versions.get('pillow', 'unknown')})."
        )
    family = runner.info.kernel_family
    logit = logit_of(runner, pixels)
    difference = abs(logit - case.logits[family])
    # Written so that a logit that is not a number fails too.
    if not difference <= model.card.golden.tolerance[family]:
        raise SelfTestError(
            f"expected logit {case.logits[family]:.4f} ± {model.card.golden.tolerance[family]:.4f} "
            f"for {case.file}. Received: logit={logit:.4f} from {runner.info.runtime}. "
            "This runtime computes the model differently: try --runtime, or export again."
        )
    return difference
