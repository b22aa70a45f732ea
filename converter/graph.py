"""What a ``.tflite`` file holds: tensors, operators and their arithmetic, as plain records."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Quantisation:
    """Affine ranges: real value = scale · (stored value − zero point).

    Attributes:
        scales: One, or one for each index along ``axis``.
        zero_points: As many.
        axis: Dimension that the scales run along.
    """

    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int

    @property
    def per_channel(self) -> bool:
        """Whether each channel has its own scale."""
        return len(self.scales) > 1


@dataclass(frozen=True, kw_only=True)
class TensorRecord:
    """A tensor.

    Attributes:
        name: As the converter wrote it.
        shape: Sizes that memory is planned for.
        shape_signature: The same with −1 for a size that is open; None where all are fixed.
        dtype: Lower case, as in ``int8``.
        quantisation: Its ranges; None for a float tensor.
        data: Constant bytes, without a copy; None for what is computed.
    """

    name: str
    shape: tuple[int, ...]
    shape_signature: tuple[int, ...] | None
    dtype: str
    quantisation: Quantisation | None
    data: memoryview | None = field(repr=False, compare=False)

    @property
    def constant_bytes(self) -> int:
        """Bytes of constant data; 0 for what is computed."""
        return 0 if self.data is None else self.data.nbytes

    @property
    def static(self) -> bool:
        """Whether every size is fixed."""
        return min(self.shape_signature or (), default=0) >= 0


@dataclass(frozen=True, kw_only=True)
class OperatorRecord:
    """One operator of the graph.

    Attributes:
        index: Its place in the file's order of execution, from 0.
        name: ``CONV_2D`` and the like; the custom name where ``custom``.
        custom: Whether it is none of TFLite's own operators.
        version: The version that is written in the file.
        inputs: None where an optional input is left out.
        outputs: What it computes.
        options: Those that decide about versions or accelerators, by their schema name.
        custom_options: Bytes that belong to a custom operator, without a copy.
        macs: Multiplications with addition of one inference; 0 where it has no weights.
    """

    index: int
    name: str
    custom: bool
    version: int
    inputs: tuple[TensorRecord | None, ...]
    outputs: tuple[TensorRecord, ...]
    options: Mapping[str, int]
    custom_options: memoryview | None = field(repr=False, compare=False)
    macs: int


@dataclass(frozen=True, kw_only=True)
class TfliteModel:
    """What a ``.tflite`` file holds.

    Attributes:
        operator_codes: Name and version of each code that the file declares: a runtime must know
            them all, used or not.
        operators: Of all subgraphs.
        inputs: Of the first subgraph.
        outputs: Of the first subgraph.
        tensors: Of all subgraphs.
        subgraphs: How many there are.
    """

    operator_codes: tuple[tuple[str, int], ...]
    operators: tuple[OperatorRecord, ...]
    inputs: tuple[TensorRecord, ...]
    outputs: tuple[TensorRecord, ...]
    tensors: tuple[TensorRecord, ...]
    subgraphs: int

    @property
    def macs(self) -> int:
        """Multiplications with addition of one inference."""
        return sum(operator.macs for operator in self.operators)


def count_macs(
    name: str, inputs: tuple[TensorRecord | None, ...], outputs: tuple[TensorRecord, ...]
) -> int:
    """Multiplications with addition of an operator; 0 for one without weights."""
    if name not in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
        return 0
    weights = inputs[1] if len(inputs) > 1 else None
    if weights is None or not outputs or len(weights.shape) < 2:
        raise ValueError(f"{name} without weights")
    # Weights: (out, h, w, in), (1, h, w, out) and (out, in).
    each = weights.shape[1:-1] if name == "DEPTHWISE_CONV_2D" else weights.shape[1:]
    return math.prod(outputs[0].shape) * math.prod(each)
