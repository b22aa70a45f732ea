"""The seam between our code and a TFLite runtime: a loaded model behind two specs and one run."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy.typing as npt

from edge_runtime.contract.quantization import TensorSpec

Tensor = npt.NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class RunnerInfo:
    """What computes.

    Attributes:
        runtime: Package and version, as in ``ai-edge-litert 2.3.0``.
        delegate: ``cpu`` or ``edgetpu``.
        kernel_family: Whose rounding applies, one of ``golden.KERNEL_FAMILIES``.
        threads: Threads of one inference.
    """

    runtime: str
    delegate: str
    kernel_family: str
    threads: int


class Runner(Protocol):
    """A loaded model. Not safe to share between threads."""

    @property
    def info(self) -> RunnerInfo:
        """What computes."""

    @property
    def input(self) -> TensorSpec:
        """The input tensor."""

    @property
    def output(self) -> TensorSpec:
        """The output tensor."""

    def run(self, tensor: Tensor) -> Tensor:
        """The output tensor for an input tensor; both as their specs say."""

    def close(self) -> None:
        """Let go of the model, its memory and its process; run nothing after it."""


@dataclass(frozen=True, kw_only=True)
class FakeRunner:
    """A runner whose outputs come from a function: for tests, and for trying out a sink."""

    handler: Callable[[Tensor], Tensor]
    input: TensorSpec
    output: TensorSpec
    info: RunnerInfo = RunnerInfo(
        runtime="fake 0", delegate="cpu", kernel_family="builtin", threads=1
    )

    def run(self, tensor: Tensor) -> Tensor:
        """What the handler returns for the tensor."""
        return self.handler(tensor)

    def close(self) -> None:
        """Nothing is held."""
