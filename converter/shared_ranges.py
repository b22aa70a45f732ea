"""Tensors that integer operators hand on unscaled get one range.

A maximum and a concatenation keep the scale of what goes in. Where one tensor meets two such
operators of different ranges, the quantizer puts a rescaling between them, which runtimes round
differently.
"""

from collections.abc import Mapping

from converter.flatbuffer import read_flatbuffer

_KEEP_SCALE = ("CONCATENATION", "MAX_POOL_2D")


def share_ranges(
    float32: bytes, ranges: Mapping[str, tuple[float, float]]
) -> dict[str, tuple[float, float]]:
    """The ranges, widened so that tensors which must share a scale do.

    Args:
        float32: The float flatbuffer.
        ranges: Lowest and highest value by tensor.
    """
    leader = {name: name for name in ranges}

    def lead(name: str) -> str:
        while leader[name] != name:
            name = leader[name]
        return name

    for operator in read_flatbuffer(float32).operators:
        if operator.name in _KEEP_SCALE:
            ends = (*operator.inputs, *operator.outputs)
            names = [tensor.name for tensor in ends if tensor is not None and tensor.name in leader]
            for name in names[1:]:
                leader[lead(name)] = lead(names[0])
    joined: dict[str, tuple[float, float]] = {}
    for name, (low, high) in ranges.items():
        before = joined.get(lead(name), (low, high))
        joined[lead(name)] = min(low, before[0]), max(high, before[1])
    return {name: joined[lead(name)] for name in ranges}
