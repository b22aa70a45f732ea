"""What may disturb a measurement: load, stolen time, heat, clocks and throttling."""

import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.environment import load_average
from benchmarks.row_results import Conditions

# Rounds of a quiet machine differ by a few per cent.
NOISY_SPREAD = 0.10
NOISY_STEAL = 0.02

_STAT = Path("/proc/stat")
_THERMAL = Path("/sys/class/thermal")
_FREQUENCY = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq")
_STEAL_FIELD, _TIME_FIELDS = 7, 8  # proc_stat(5): guest time is in user time already
# Raspberry Pi documentation, vcgencmd: bits 0 to 3 are now, 16 to 19 since boot.
_THROTTLED_NOW = 0xF


@dataclass(frozen=True, kw_only=True)
class HostState:
    """One look at the machine; None where the system does not tell.

    Attributes:
        load: Average over one minute.
        steal_ticks: Processor time that the hypervisor gave to others, since boot.
        ticks: Processor time of any kind, since boot.
        temperature_c: Of the hottest zone.
        frequency_mhz: Of the first core.
        throttled: Flags of ``vcgencmd get_throttled``.
    """

    load: float | None
    steal_ticks: int | None
    ticks: int | None
    temperature_c: float | None
    frequency_mhz: float | None
    throttled: int | None


@dataclass(frozen=True, kw_only=True)
class Observed:
    """The machine before and after a round."""

    before: HostState
    after: HostState


def look_at_host() -> HostState:
    """The machine as it is now."""
    ticks = _processor_ticks()
    frequency = _number(_FREQUENCY)
    zones = (_number(path) for path in sorted(_THERMAL.glob("thermal_zone*/temp")))
    return HostState(
        load=load_average(),
        steal_ticks=ticks[_STEAL_FIELD] if ticks else None,
        ticks=sum(ticks) if ticks else None,
        temperature_c=_highest(None if zone is None else zone / 1000 for zone in zones),
        frequency_mhz=None if frequency is None else frequency / 1000,
        throttled=_throttled(),
    )


def summarise_conditions(
    observed: Sequence[Observed], round_p50_ms: Sequence[float], attempts: int
) -> Conditions:
    """All rounds of a row as one.

    Args:
        observed: Of each round, at least one.
        round_p50_ms: Of each round, the p50 of invoke.
        attempts: How often all rounds were measured.
    """
    states = [state for round_ in observed for state in (round_.before, round_.after)]
    clocks = [state.frequency_mhz for state in states if state.frequency_mhz is not None]
    flags = [state.throttled for state in states if state.throttled is not None]
    steal = _steal_share(observed)
    spread = max(round_p50_ms) / min(round_p50_ms) - 1
    return Conditions(
        load_before=observed[0].before.load,
        load_after=observed[-1].after.load,
        steal_share=steal,
        temperature_c=_highest(state.temperature_c for state in states),
        frequency_mhz=min(clocks, default=None),
        throttled=hex(_any_flag(flags)) if flags else None,
        spread=spread,
        noisy=_noise(spread, steal, _any_flag(flags)),
        attempts=attempts,
    )


def _noise(spread: float, steal: float | None, flags: int) -> tuple[str, ...]:
    reasons = []
    if spread > NOISY_SPREAD:
        reasons.append(f"rounds differ by {spread:.0%}")
    if steal is not None and steal > NOISY_STEAL:
        reasons.append(f"{steal:.0%} of the processor time was stolen")
    if flags & _THROTTLED_NOW:
        reasons.append("the board throttled its clock or ran short of voltage")
    return tuple(reasons)


def _steal_share(observed: Sequence[Observed]) -> float | None:
    stolen = whole = 0
    for round_ in observed:
        before, after = round_.before, round_.after
        if None in (before.ticks, after.ticks, before.steal_ticks, after.steal_ticks):
            return None
        stolen += (after.steal_ticks or 0) - (before.steal_ticks or 0)
        whole += (after.ticks or 0) - (before.ticks or 0)
    return stolen / whole if whole else None


def _any_flag(flags: Iterable[int]) -> int:
    together = 0
    for each in flags:
        together |= each
    return together


def _highest(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _processor_ticks() -> list[int]:
    try:
        first = _STAT.read_text(encoding="utf-8").partition("\n")[0].split()
        return [int(field) for field in first[1 : 1 + _TIME_FIELDS]]
    except (OSError, ValueError):
        return []


def _number(path: Path) -> float | None:
    try:
        return float(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _throttled() -> int | None:
    try:
        said = subprocess.run(
            ["vcgencmd", "get_throttled"], capture_output=True, text=True, timeout=5, check=True
        ).stdout
        return int(said.strip().partition("=")[2], 16)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
