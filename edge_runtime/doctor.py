"""What this device has, what is missing, and the command that installs it."""

import importlib.metadata
import importlib.util
import os
import platform
from pathlib import Path
from typing import Any

from edge_runtime.console import print_table, write_line
from edge_runtime.contract.card import NOTICE
from edge_runtime.delegates import edgetpu_library, edgetpu_library_problem
from edge_runtime.interpreter import INSTALL_COMMANDS, RUNTIMES, probe_runtime
from edge_runtime.version import __version__

# Vendor:product of the USB accelerator before and after its firmware is loaded.
_CORAL_USB_IDS = ("1a6e:089a", "18d1:9302")
_BOARD_MODEL = Path("/proc/device-tree/model")
_CPU_FEATURES = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "asimd", "asimddp", "i8mm")


def examine() -> dict[str, Any]:
    """Facts about the device, and checks with their remedies; plain JSON types."""
    return {
        "melanoma_edge": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "board": _read(_BOARD_MODEL).rstrip("\0") or None,
        "cpu": _cpu_name(),
        "cpu_features": [name for name in _CPU_FEATURES if name in _cpu_flags()],
        "cores": os.cpu_count(),
        "memory_mib": _memory_mib(),
        "versions": {name: _version(name) for name in ("numpy", "pillow", "typer")},
        "checks": [*_runtime_checks(), *_delegate_checks(), *_camera_checks()],
    }


def print_examination(examination: dict[str, Any]) -> None:
    """Show an examination as a table, then what to install."""
    facts = [
        (key.replace("_", " "), _as_text(value))
        for key, value in examination.items()
        if key != "checks"
    ]
    print_table(("device", ""), facts)
    write_line()
    print_table(
        ("part", "name", "state", "detail"),
        [
            (check["part"], check["name"], "ok" if check["ok"] else "missing", check["detail"])
            for check in examination["checks"]
        ],
    )
    remedies = [check for check in examination["checks"] if check["remedy"] and not check["ok"]]
    if remedies:
        write_line()
        write_line("To add what is missing, if you need it:")
        for check in remedies:
            write_line(f"  {check['name']}: {check['remedy']}")
    write_line()
    write_line(NOTICE)


def _check(part: str, name: str, problem: str | None, detail: str, remedy: str) -> dict[str, Any]:
    return {
        "part": part,
        "name": name,
        "ok": problem is None,
        "detail": detail if problem is None else problem,
        "remedy": remedy,
    }


def _runtime_checks() -> list[dict[str, Any]]:
    checks = []
    for name in RUNTIMES:
        status = probe_runtime(name)
        detail = f"{status.version}, computed the probe model"
        checks.append(_check("runtime", name, status.problem, detail, INSTALL_COMMANDS[name]))
    return checks


def _delegate_checks() -> list[dict[str, Any]]:
    coral = "https://coral.ai/docs/accelerator/get-started"
    devices = _coral_devices()
    return [
        _check(
            "delegate",
            edgetpu_library(),
            edgetpu_library_problem(),
            "loads",
            f"add Coral's package source ({coral}), then: sudo apt install libedgetpu1-std",
        ),
        _check(
            "delegate",
            "Coral device",
            None if devices else "none on USB or PCIe",
            ", ".join(devices),
            "plug it in; a USB accelerator wants a USB 3 port",
        ),
    ]


def _camera_checks() -> list[dict[str, Any]]:
    cameras = [
        f"{device.name}: {_read(device / 'name').strip()}"
        for device in sorted(Path("/sys/class/video4linux").glob("video*"))
    ]
    opencv = _version("opencv-python-headless") or _version("opencv-python")
    has_picamera2 = importlib.util.find_spec("picamera2") is not None
    return [
        _check(
            "camera",
            "video devices",
            None if cameras else "none under /sys/class/video4linux",
            ", ".join(cameras),
            "plug in the dermatoscope; it should appear as a V4L2 device",
        ),
        _check(
            "camera",
            "OpenCV",
            None if opencv else "not installed",
            str(opencv),
            'pip install "melanoma-edge[camera]"',
        ),
        _check(
            "camera",
            "Picamera2",
            None if has_picamera2 else "not installed",
            "found",
            "sudo apt install python3-picamera2 (Raspberry Pi OS)",
        ),
    ]


def _coral_devices() -> list[str]:
    usb = [
        f"USB {device.name}"
        for device in sorted(Path("/sys/bus/usb/devices").glob("*"))
        if f"{_read(device / 'idVendor').strip()}:{_read(device / 'idProduct').strip()}"
        in _CORAL_USB_IDS
    ]
    return usb + [f"PCIe {device.name}" for device in sorted(Path("/dev").glob("apex_*"))]


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _cpu_name() -> str:
    for line in _read(Path("/proc/cpuinfo")).splitlines():
        if line.startswith(("model name", "Model")):
            return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def _cpu_flags() -> set[str]:
    for line in _read(Path("/proc/cpuinfo")).splitlines():
        if line.startswith(("flags", "Features")):
            return set(line.partition(":")[2].split())
    return set()


def _memory_mib() -> int | None:
    for line in _read(Path("/proc/meminfo")).splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) // 1024
    return None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _as_text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "unknown" if value is None else str(value)
