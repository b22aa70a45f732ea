"""Estimates latency and memory of a target from a model's arithmetic and parameters."""

from dataclasses import dataclass

from converter.targets import (
    ON_CHIP_BYTES,
    ON_CHIP_LEAST_BYTES,
    ON_CHIP_MOST_BYTES,
    CpuRate,
    Target,
)


@dataclass(frozen=True, kw_only=True)
class Latency:
    """One inference, without reading or scaling the picture.

    Attributes:
        low_ms: Of the fastest published machine and network.
        high_ms: Of the slowest.
    """

    low_ms: float
    high_ms: float

    def __str__(self) -> str:
        return f"{self.low_ms:.0f}–{self.high_ms:.0f} ms"


@dataclass(frozen=True, kw_only=True)
class ChipMemory:
    """Where parameters lie that an Edge TPU works with.

    Attributes:
        parameter_bytes: All of them.
        on_chip_bytes: What stays on the chip.
        streamed_bytes: Least and most that is sent again for each inference.
    """

    parameter_bytes: int
    on_chip_bytes: int
    streamed_bytes: tuple[int, int]

    @property
    def fits(self) -> str:
        """``yes``, ``no``, or ``uncertain`` where it depends on the compiler's instructions."""
        least, most = self.streamed_bytes
        return "yes" if most == 0 else "no" if least > 0 else "uncertain"


def estimate_memory(parameter_bytes: int) -> ChipMemory:
    """What stays on the chip, if parameters take there what they take in the file."""
    return ChipMemory(
        parameter_bytes=parameter_bytes,
        on_chip_bytes=min(parameter_bytes, ON_CHIP_BYTES),
        streamed_bytes=(
            max(0, parameter_bytes - ON_CHIP_MOST_BYTES),
            max(0, parameter_bytes - ON_CHIP_LEAST_BYTES),
        ),
    )


def estimate_edgetpu(target: Target, macs: int, memory: ChipMemory) -> Latency:
    """Latency of an Edge TPU: its host's fixed part, the arithmetic, and what is streamed."""
    times = [
        fit.fixed_ms + fit.ms_per_gmac * macs / 1e9 + fit.ms_per_streamed_mb * streamed / 1e6
        for fit, streamed in (
            (target.edgetpu[0], memory.streamed_bytes[0]),
            (target.edgetpu[-1], memory.streamed_bytes[1]),
        )
    ]
    return Latency(low_ms=times[0] * (1 - target.margin), high_ms=times[1] * (1 + target.margin))


def estimate_cpu(rate: CpuRate, int8_macs: int, float_macs: int) -> Latency:
    """Latency of a processor that does nothing else."""
    slow, fast = (
        1e3 * (int8_macs / 1e9 / int8 + float_macs / 1e9 / floating)
        for int8, floating in zip(rate.int8_gmacs_per_s, rate.float_gmacs_per_s, strict=True)
    )
    return Latency(low_ms=fast, high_ms=slow)
