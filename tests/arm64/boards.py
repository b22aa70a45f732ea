"""What a program sees of a Raspberry Pi's processor: instructions, /proc/cpuinfo and /sys.

Without these files an emulated program reads those of the x86-64 host. pytorch/cpuinfo, which
XNNPACK asks for caches, then finds caches of a processor that it does not know, and in
ai-edge-litert 2.2 and 2.3 writes through a null pointer.
"""

import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path

CORES = 4
_ARMV8_0 = "fp asimd evtstrm crc32 cpuid"
_ARMV8_2 = (
    "fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop "
    "asimddp"
)


@dataclass(frozen=True, kw_only=True)
class Cache:
    """One cache: its level, kind, size as /sys writes it, and whether all cores share it."""

    level: int
    kind: str
    size: str
    shared: bool = False


@dataclass(frozen=True, kw_only=True)
class Board:
    """One board's processor.

    Attributes:
        name: Of the board, for folders and tables.
        model: As the board's device tree and /proc/cpuinfo name it.
        cpu: What the emulator calls the processor.
        variant: From MIDR, as the next two: Arm's main ID register.
        part: Which core.
        revision: Its minor revision.
        features: As /proc/cpuinfo lists them.
        caches: Of each core.
    """

    name: str
    model: str
    cpu: str
    variant: str
    part: str
    revision: int
    features: str
    caches: tuple[Cache, ...]


BOARDS = (
    Board(
        name="raspberry-pi-4",
        model="Raspberry Pi 4 Model B Rev 1.5",
        cpu="cortex-a72",
        variant="0x0",
        part="0xd08",
        revision=3,
        features=_ARMV8_0,
        caches=(
            Cache(level=1, kind="Data", size="32K"),
            Cache(level=1, kind="Instruction", size="48K"),
            Cache(level=2, kind="Unified", size="1024K", shared=True),
        ),
    ),
    Board(
        name="raspberry-pi-5",
        model="Raspberry Pi 5 Model B Rev 1.0",
        cpu="cortex-a76",
        variant="0x4",
        part="0xd0b",
        revision=1,
        features=_ARMV8_2,
        caches=(
            Cache(level=1, kind="Data", size="64K"),
            Cache(level=1, kind="Instruction", size="64K"),
            Cache(level=2, kind="Unified", size="512K"),
            Cache(level=3, kind="Unified", size="2048K", shared=True),
        ),
    ),
)


def write_board(board: Board, root: Path, folder: Path) -> Path:
    """A root folder of the board: links to Debian's files, and the processor's own."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for entry in root.iterdir():
        (folder / entry.name).symlink_to(entry.absolute())
    for name, text in {**_procfs(board), **_sysfs(board)}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def write_python(program: Path, *, emulator: Path, board: Board, root: Path, path: str) -> Path:
    """A program that is the board's Python, for this process and for those it starts.

    Args:
        program: Where to write it.
        emulator: Of aarch64.
        board: Whose processor to emulate.
        root: What :func:`write_board` made for it.
        path: PYTHONPATH.
    """
    usr = root / "usr"
    environment = {"PYTHONHOME": usr, "PYTHONPATH": path, "PYTHONNOUSERSITE": 1}
    exported = " ".join(f"{name}={shlex.quote(str(value))}" for name, value in environment.items())
    # Under the name of this script, Python starts children through it, too.
    start = [str(emulator), "-cpu", board.cpu, "-L", str(root), "-0"]
    program.write_text(
        f"#!/bin/sh\nexport {exported}\n"
        f'exec {shlex.join(start)} "$0" {shlex.quote(str(usr / "bin/python3.11"))} "$@"\n'
    )
    program.chmod(0o755)
    return program


def _procfs(board: Board) -> dict[str, str]:
    cores = [
        f"processor\t: {core_id}\nBogoMIPS\t: 108.00\nFeatures\t: {board.features}\n"
        f"CPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: {board.variant}\n"
        f"CPU part\t: {board.part}\nCPU revision\t: {board.revision}\n\n"
        for core_id in range(CORES)
    ]
    return {
        "proc/cpuinfo": f"{''.join(cores)}Model\t\t: {board.model}\n",
        "proc/device-tree/model": f"{board.model}\0",
    }


def _sysfs(board: Board) -> dict[str, str]:
    folder, every_core = "sys/devices/system/cpu", f"0-{CORES - 1}\n"
    files = {f"{folder}/{name}": every_core for name in ("possible", "present", "online")}
    for core_id in range(CORES):
        core = f"{folder}/cpu{core_id}"
        files[f"{core}/topology/core_id"] = f"{core_id}\n"
        files[f"{core}/topology/physical_package_id"] = "0\n"
        for name in ("core_siblings_list", "package_cpus_list", "cluster_cpus_list"):
            files[f"{core}/topology/{name}"] = every_core
        # An empty file hides the host's.
        for index in range(4):
            for name in ("level", "type", "size", "shared_cpu_list"):
                files[f"{core}/cache/index{index}/{name}"] = ""
        for index, cache in enumerate(board.caches):
            described = f"{core}/cache/index{index}"
            files[f"{described}/level"] = f"{cache.level}\n"
            files[f"{described}/type"] = f"{cache.kind}\n"
            files[f"{described}/size"] = f"{cache.size}\n"
            files[f"{described}/shared_cpu_list"] = every_core if cache.shared else f"{core_id}\n"
    return files
