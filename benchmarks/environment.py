"""Where a benchmark runs: what decides its latency, and nothing that names a person or a host."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.row_results import Environment
from edge_runtime.interpreter import RUNTIMES

_CPU_INFO = Path("/proc/cpuinfo")
_BOARD = Path("/proc/device-tree/model")
_GOVERNOR = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
_PACKAGES = ("melanoma-edge", "numpy", "pillow", *RUNTIMES)
# As Linux names them: vectors for float, then dot products and matrix products of int8.
_FEATURES = (
    "avx2",
    "avx512f",
    "asimd",
    "avx_vnni",
    "avx512_vnni",
    "amx_int8",
    "asimddp",
    "i8mm",
)


def load_average() -> float | None:
    """Processes that ran or waited over the last minute; None where the system does not count."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def describe_environment(load_before: float | None) -> Environment:
    """The machine as it is now, at the end of a benchmark.

    Args:
        load_before: What :func:`load_average` gave at its start.
    """
    info = _cpu_info()
    present = set((info.get("flags") or info.get("Features") or "").split())
    return Environment(
        board=_text(_BOARD),
        cpu=info.get("model name") or platform.processor() or None,
        cpu_features=tuple(name for name in _FEATURES if name in present),
        architecture=platform.machine(),
        cores=_usable_cores(),
        governor=_text(_GOVERNOR),
        system=_system(),
        versions={"python": platform.python_version(), **_package_versions()},
        load_before=load_before,
        load_after=load_average(),
    )


def _cpu_info() -> dict[str, str]:
    """The first processor's fields; empty where there is no such file."""
    fields: dict[str, str] = {}
    for line in (_text(_CPU_INFO) or "").splitlines():
        name, _, value = line.partition(":")
        fields.setdefault(name.strip(), value.strip())
    return fields


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip().rstrip("\0") or None
    except OSError:
        return None


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _system() -> str:
    try:
        distribution = platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return f"{platform.system()} {platform.release()}"
    return f"{distribution}, {platform.system()} {platform.release()}"


def _package_versions() -> dict[str, str]:
    versions = {}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions
