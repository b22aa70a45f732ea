"""Debian's arm64 Python in a folder, and an emulator for it; needs apt, but not root."""

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

PACKAGES = ("python3.11", "libstdc++6")
EMULATOR = "qemu-aarch64-static"
EMULATOR_PACKAGE = "qemu-user-static"


def require_tools() -> None:
    """Stop if this system cannot unpack Debian's packages."""
    for tool, package in (("apt-get", "apt"), ("dpkg", "dpkg"), ("dpkg-deb", "dpkg")):
        if shutil.which(tool) is None:
            sys.exit(
                f"expected Debian 12's apt and dpkg. Received: no {tool} on the path "
                f"(package {package}). Run this on Debian 12 or in a container of it."
            )


def arm64_root(folder: Path) -> Path:
    """A folder with the files of Debian's arm64 Python, unpacked if it is not there yet."""
    root, unpacked = folder / "root", folder / "root-unpacked"
    if unpacked.exists() and unpacked.read_text() == " ".join(PACKAGES):
        return root
    shutil.rmtree(root, ignore_errors=True)
    for package in _download(folder / "apt-arm64", "arm64", PACKAGES):
        _call(["dpkg-deb", "-x", str(package), str(root)])
    unpacked.write_text(" ".join(PACKAGES))
    shutil.rmtree(folder / "apt-arm64")
    return root


def emulator(folder: Path) -> Path:
    """The emulator of this system, or the one of its package, unpacked into the folder."""
    if installed := shutil.which(EMULATOR):
        return Path(installed)
    program = folder / EMULATOR
    if not program.exists():
        architecture = subprocess.run(
            ["dpkg", "--print-architecture"], capture_output=True, text=True, check=True
        ).stdout.strip()
        (package,) = _download(folder / "apt-host", architecture, (EMULATOR_PACKAGE,))
        _unpack_one(package, EMULATOR, program)
        shutil.rmtree(folder / "apt-host")
    return program


def _download(folder: Path, architecture: str, packages: tuple[str, ...]) -> list[Path]:
    """Packages and all they depend on, from this system's sources, in a state of our own."""
    sys.stdout.write(f"downloading for {architecture}: {' '.join(packages)}\n")
    for part in ("state/lists/partial", "cache/archives/partial"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    (folder / "status").touch()  # nothing is installed: apt names every dependency
    settings = {
        "APT::Architecture": architecture,
        "APT::Architectures::": architecture,
        "APT::Sandbox::User": "",
        "Dir::State": folder / "state",
        "Dir::State::status": folder / "status",
        "Dir::Cache": folder / "cache",
    }
    options = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
    _call(["apt-get", *options, "-qq", "update"])
    install = ["install", "--download-only", "--no-install-recommends", "--yes", *packages]
    _call(["apt-get", *options, "-qq", *install])
    return sorted((folder / "cache/archives").glob("*.deb"))


def _unpack_one(package: Path, name: str, target: Path) -> None:
    beside = target.with_name(target.name + ".partial")
    command = ["dpkg-deb", "--fsys-tarfile", str(package)]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE) as files,
        tarfile.open(fileobj=files.stdout, mode="r|") as archive,
    ):
        for member in archive:
            content = archive.extractfile(member) if Path(member.name).name == name else None
            if content is not None:
                beside.write_bytes(content.read())
    beside.chmod(0o755)
    beside.replace(target)


def _call(command: list[str]) -> None:
    sys.stdout.flush()
    environment = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    if subprocess.run(command, env=environment, check=False).returncode != 0:
        sys.exit(
            f"expected packages of Debian 12 from apt's sources. Received: failure of {command}. "
            f"Check apt's sources, or install {EMULATOR_PACKAGE} for the emulator."
        )
