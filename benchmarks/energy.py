"""Energy from a meter of the machine: a power sensor on the supply, or the processor's counter.

Sensors as Linux shows them, see its ``Documentation/hwmon/sysfs-interface.rst`` (``power1_input``
in microwatts; the ``ina2xx`` driver serves INA219 and INA226) and
``Documentation/power/powercap/powercap.rst`` (RAPL's ``energy_uj`` in microjoules).
"""

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

_SYS = Path("/sys")
_MICRO = 1e-6
_SAMPLE_S = 0.05  # an INA219 averages over about as long
_POWER_FILES = ("power1_input", "power1_average")


class Meter(Protocol):
    """Tells energy since an arbitrary moment.

    Attributes:
        name: What it is and what it covers.
    """

    name: str

    def joules(self) -> float:
        """Energy until now; only differences mean anything."""


@dataclass
class Counter:
    """RAPL: the processor's own count, all packages together; the board's rest is not in it."""

    zones: tuple[Path, ...]
    name: str = "RAPL, processor packages"
    _last: dict[Path, float] = field(default_factory=dict)
    _wrapped: float = 0.0

    def joules(self) -> float:
        """The packages' counts, which begin anew at the end of their range."""
        for zone in self.zones:
            count = _number(zone / "energy_uj")
            if count < self._last.get(zone, 0.0):
                self._wrapped += _number(zone / "max_energy_range_uj")
            self._last[zone] = count
        return (self._wrapped + sum(self._last.values())) * _MICRO


@dataclass
class PowerSensor:
    """A sensor of power, added up from its samples."""

    file: Path
    name: str
    _energy_j: float = 0.0
    _sampled_s: float | None = None

    def joules(self) -> float:
        """Adds the present power over the time since the last call."""
        now_s, watts = time.monotonic(), _number(self.file) * _MICRO
        self._energy_j += watts * (0.0 if self._sampled_s is None else now_s - self._sampled_s)
        self._sampled_s = now_s
        return self._energy_j


@dataclass
class Metered:
    """What a block took.

    Attributes:
        meter: Which meter told; None where there is none.
        joules: Energy; None where there is no meter, or it failed.
    """

    meter: str | None = None
    joules: float | None = None


def find_meter(sys: Path = _SYS) -> Meter | None:
    """The best meter of this machine that may be read: a sensor on the supply before RAPL.

    Args:
        sys: Where Linux shows its devices.
    """
    sensors = [
        PowerSensor(file=file, name=f"{_text(file.with_name('name'))}, power sensor")
        for name in _POWER_FILES
        for file in sorted(sys.glob(f"class/hwmon/hwmon*/{name}"))
        if _readable(file)
    ]
    # Others measure a graphics card or a battery; an INA2xx is put there to measure the board.
    sensors.sort(key=lambda sensor: not sensor.name.startswith("ina"))
    if sensors:
        return sensors[0]
    zones = tuple(
        zone
        for zone in sorted(sys.glob("class/powercap/*:*"))
        if _text(zone / "name").startswith("package") and _readable(zone / "energy_uj")
    )
    return Counter(zones) if zones else None


@contextlib.contextmanager
def metered(meter: Meter | None) -> Iterator[Metered]:
    """Measure a block; the figures are there after it.

    Args:
        meter: Of :func:`find_meter`.
    """
    found = Metered(meter=meter.name if meter else None)
    if meter is None:
        yield found
        return
    over = threading.Event()
    before = meter.joules()

    def sample() -> None:
        with contextlib.suppress(OSError, ValueError):
            while not over.wait(_SAMPLE_S):
                meter.joules()

    thread = threading.Thread(target=sample, name="energy", daemon=True)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()
    with contextlib.suppress(OSError, ValueError):
        found.joules = meter.joules() - before


def _readable(file: Path) -> bool:
    try:
        _number(file)
    except (OSError, ValueError):
        return False
    return True


def _number(file: Path) -> float:
    return float(file.read_text(encoding="ascii"))


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError:
        return ""
