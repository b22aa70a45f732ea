"""Parameters and arithmetic of InceptionV3 by cut and picture size, without building it.

Architecture: Szegedy et al. 2015, arXiv 1512.00567, as in keras.applications.inception_v3; batch
normalisation is folded into the convolutions, as every converter does.
"""

from dataclasses import dataclass

from converter.errors import ConversionError

CUTS = tuple(f"mixed{number}" for number in range(11))
_BYTES_OF_BIAS = 4
_LEAST_SIDE = 75  # keras.applications refuses smaller pictures


@dataclass(frozen=True, kw_only=True)
class NetworkCost:
    """What a cut costs, with pooling and one dense neuron on top.

    Attributes:
        int8_bytes: Constants of the int8 variant: int8 weights, int32 biases, a float neuron.
        macs: Multiplications with addition for one picture.
    """

    int8_bytes: int
    macs: int


@dataclass(frozen=True, kw_only=True)
class _Conv:
    """A convolution; it shrinks the maps if it is strided or not padded."""

    filters: int
    kernel_hw: tuple[int, int] = (1, 1)
    stride: int = 1
    padded: bool = True


@dataclass(frozen=True, kw_only=True)
class _Pool:
    """Pooling over 3×3: to half the size, or of the same size in front of a convolution."""

    halves: bool


_Branch = tuple["_Conv | _Pool | tuple[_Conv, ...]", ...]


def _square(filters: int, side: int, stride: int = 1, *, padded: bool = True) -> _Conv:
    return _Conv(filters=filters, kernel_hw=(side, side), stride=stride, padded=padded)


def _row(filters: int, length: int) -> _Conv:
    return _Conv(filters=filters, kernel_hw=(1, length))


def _column(filters: int, length: int) -> _Conv:
    return _Conv(filters=filters, kernel_hw=(length, 1))


_SAME, _HALF = _Pool(halves=False), _Pool(halves=True)
_STEM: _Branch = (
    *(_square(32, 3, 2, padded=False), _square(32, 3, padded=False), _square(64, 3), _HALF),
    *(_square(80, 1, padded=False), _square(192, 3, padded=False), _HALF),
)


def _block_a(pooled: int) -> tuple[_Branch, ...]:
    return (
        (_square(64, 1),),
        (_square(48, 1), _square(64, 5)),
        (_square(64, 1), _square(96, 3), _square(96, 3)),
        (_SAME, _square(pooled, 1)),
    )


def _block_b(inner: int) -> tuple[_Branch, ...]:
    twice = (_column(inner, 7), _row(inner, 7))
    return (
        (_square(192, 1),),
        (_square(inner, 1), _row(inner, 7), _column(192, 7)),
        (_square(inner, 1), *twice, _column(inner, 7), _row(192, 7)),
        (_SAME, _square(192, 1)),
    )


def _block_c() -> tuple[_Branch, ...]:
    fork = (_row(384, 3), _column(384, 3))
    return (
        (_square(320, 1),),
        (_square(384, 1), fork),
        (_square(448, 1), _square(384, 3), fork),
        (_SAME, _square(192, 1)),
    )


_BLOCKS: tuple[tuple[_Branch, ...], ...] = (
    *(_block_a(32), _block_a(64), _block_a(64)),
    (
        (_square(384, 3, 2, padded=False),),
        (_square(64, 1), _square(96, 3), _square(96, 3, 2, padded=False)),
        (_HALF,),
    ),
    *(_block_b(128), _block_b(160), _block_b(160), _block_b(192)),
    (
        (_square(192, 1), _square(320, 3, 2, padded=False)),
        (_square(192, 1), _row(192, 7), _column(192, 7), _square(192, 3, 2, padded=False)),
        (_HALF,),
    ),
    *(_block_c(), _block_c()),
)


def network_cost(
    cut: str,
    size_hw: tuple[int, int],
    pooled_from: str | None = None,
    *,
    pooled_middle: bool = False,
) -> NetworkCost:
    """Bytes and arithmetic of the network up to a block.

    Args:
        cut: One of :data:`CUTS`.
        size_hw: Height and width of the picture, 75 or more.
        pooled_from: First block whose means are features; None or one above the cut for the cut.
        pooled_middle: The means of each map's middle are features, too.

    Raises:
        ConversionError: If the picture is too small.
    """
    if min(size_hw) < _LEAST_SIDE:
        raise ConversionError(
            f"expected a picture of at least {_LEAST_SIDE} pixels a side. Received: {size_hw=}."
        )
    tally = _Tally()
    maps = tally.branch(_Maps(size_hw=size_hw, channels=3), _STEM)
    last = CUTS.index(cut)
    first_pooled = min(CUTS.index(pooled_from or cut), last)
    features = 0
    for number, block in enumerate(_BLOCKS[: last + 1]):
        ends = [tally.branch(maps, branch) for branch in block]
        channels = sum(end.channels for end in ends)
        maps = _Maps(size_hw=ends[0].size_hw, channels=channels)
        features += channels * (1 + pooled_middle) if number >= first_pooled else 0
    return NetworkCost(
        int8_bytes=tally.weights + _BYTES_OF_BIAS * (tally.biases + features + 1),
        macs=tally.macs + features,
    )


@dataclass(frozen=True, kw_only=True)
class _Maps:
    size_hw: tuple[int, int]
    channels: int


class _Tally:
    """Sums over convolutions."""

    def __init__(self) -> None:
        self.weights = self.biases = self.macs = 0

    def branch(self, maps: _Maps, branch: _Branch) -> _Maps:
        """What a chain of layers makes of the maps; a tuple in it is a fork, put side by side."""
        for layer in branch:
            if isinstance(layer, tuple):
                ends = [self._conv(maps, conv) for conv in layer]
                maps = _Maps(size_hw=ends[0].size_hw, channels=sum(end.channels for end in ends))
            elif isinstance(layer, _Conv):
                maps = self._conv(maps, layer)
            elif layer.halves:
                maps = _Maps(size_hw=_shrunk(maps.size_hw, (3, 3), 2), channels=maps.channels)
        return maps

    def _conv(self, maps: _Maps, conv: _Conv) -> _Maps:
        size_hw = (
            maps.size_hw if conv.padded else _shrunk(maps.size_hw, conv.kernel_hw, conv.stride)
        )
        weights = conv.kernel_hw[0] * conv.kernel_hw[1] * maps.channels * conv.filters
        self.weights += weights
        self.biases += conv.filters
        self.macs += weights * size_hw[0] * size_hw[1]
        return _Maps(size_hw=size_hw, channels=conv.filters)


def _shrunk(size_hw: tuple[int, int], kernel_hw: tuple[int, int], stride: int) -> tuple[int, int]:
    """Size without padding."""
    height, width = (
        (size - kernel) // stride + 1 for size, kernel in zip(size_hw, kernel_hw, strict=True)
    )
    return height, width
