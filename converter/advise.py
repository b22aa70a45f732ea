"""What other cuts and picture sizes of a run would cost on each device."""

from collections.abc import Sequence
from dataclasses import dataclass

from converter.errors import ConversionError
from converter.inception_v3 import CUTS, NetworkCost, network_cost
from converter.latency_estimate import (
    ChipMemory,
    Latency,
    estimate_cpu,
    estimate_edgetpu,
    estimate_memory,
)
from converter.preflight import PREDICTED
from converter.targets import TARGETS
from edge_runtime.contract.card import Architecture, CardDraft

DEVICES = ("coral-usb3", "coral-usb2", "pi4", "pi5")
SIDES = (150, 224, 299)
_FIRST_CUT = 2  # lower blocks see too little of a lesion to be worth a row
_WORTH_A_CUT = 0.67  # of the latency; what saves less is not worth other figures


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A network that could be trained instead.

    Attributes:
        cut: Last block.
        size_hw: Height and width of its picture.
        cost: Bytes and arithmetic of its int8 variant.
        memory: On a Coral.
        latency: By device, of :data:`DEVICES`.
        own: Whether it is the run's own.
    """

    cut: str
    size_hw: tuple[int, int]
    cost: NetworkCost
    memory: ChipMemory
    latency: dict[str, Latency]
    own: bool

    @property
    def name(self) -> str:
        """As in ``mixed8 at 224``."""
        height, width = self.size_hw
        return f"{self.cut} at {height}" if height == width else f"{self.cut} at {height}×{width}"


@dataclass(frozen=True, kw_only=True)
class Advice:
    """Choices by cut and size, and what follows.

    Attributes:
        status: Always ``predicted``: nothing was measured.
        choices: The run's own among them.
        sentence: What a person should do.
    """

    status: str
    choices: tuple[Choice, ...]
    sentence: str


def advise(draft: CardDraft) -> Advice:
    """Costs of the cuts and sizes around a run's own.

    Raises:
        ConversionError: If its network is not InceptionV3 with one of the known cuts.
    """
    backbone, cut = draft.architecture.backbone, draft.architecture.cut
    if backbone != "inceptionv3" or cut not in CUTS:
        raise ConversionError(
            f"expected a run of inceptionv3 up to one of {', '.join(CUTS)}. "
            f"Received: backbone={backbone!r}, cut={cut!r}."
        )
    own = (cut, draft.preprocessing.size_hw)
    sizes = sorted({own[1], *((side, side) for side in SIDES)})
    cuts = [name for name in CUTS if name == cut or CUTS.index(name) >= _FIRST_CUT]
    choices = tuple(
        _choice(name, size, draft.architecture, own=(name, size) == own)
        for name in cuts
        for size in sizes
    )
    return Advice(status=PREDICTED, choices=choices, sentence=_sentence(choices))


def _choice(cut: str, size_hw: tuple[int, int], head: Architecture, *, own: bool) -> Choice:
    cost = network_cost(cut, size_hw, head.pooled_from, pooled_middle=head.pooled_middle)
    memory = estimate_memory(cost.int8_bytes)
    latency = {}
    for name in DEVICES:
        target = TARGETS[name]
        latency[name] = (
            estimate_cpu(target.cpu, cost.macs, 0)
            if target.cpu
            else estimate_edgetpu(target, cost.macs, memory)
        )
    return Choice(cut=cut, size_hw=size_hw, cost=cost, memory=memory, latency=latency, own=own)


def _sentence(choices: Sequence[Choice]) -> str:
    own = next(choice for choice in choices if choice.own)
    if own.memory.fits == "yes":
        return (
            f"{own.name} stays wholly on a Coral: {own.latency['coral-usb3']} on USB 3, "
            f"{own.latency['coral-usb2']} on USB 2; a smaller cut would gain little there."
        )
    same_size = [c for c in choices if c.size_hw == own.size_hw and c.memory.fits == "yes"]
    if not same_size:
        return f"no cut in the table stays on a Coral: use {own.name} on a Pi 5."
    best = same_size[-1]
    before, after = own.latency["coral-usb2"], best.latency["coral-usb2"]
    if after.high_ms > _WORTH_A_CUT * before.high_ms:
        return (
            f"{own.name} may not stay on a Coral, which costs little: {before} on USB 2, "
            f"{after} for {best.name}."
        )
    return (
        f"for a Coral, train {best.name} and compare its validation figures: it stays on the chip "
        f"and takes {after} on USB 2 and {best.latency['coral-usb3']} on USB 3, where {own.name} "
        f"takes {before} and {own.latency['coral-usb3']}; a Pi 5 without a Coral takes "
        f"{own.latency['pi5']} for {own.name}."
    )
