"""A systemd unit that runs the device unattended, with as few rights as it needs."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from edge_runtime.errors import DeviceError, MissingDependencyError

UNIT = "melanoma-edge.service"
UNIT_FOLDER = Path("/etc/systemd/system")

# ProtectSystem=strict makes the whole file system read-only but for StateDirectory; DynamicUser
# gives an unprivileged user that exists while the service runs. Both: systemd.exec(5).
_TEMPLATE = """\
[Unit]
Description=melanoma-edge on a dermatoscope. Research software, not a medical device.
After=local-fs.target

[Service]
ExecStart={command}
Restart=on-failure
RestartSec=5
DynamicUser=yes
SupplementaryGroups={groups}
StateDirectory=melanoma-edge
WorkingDirectory=/var/lib/melanoma-edge
Environment=MELANOMA_STATE=/var/lib/melanoma-edge/state
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
NoNewPrivileges=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
RestrictSUIDSGID=yes
RestrictRealtime=yes
LockPersonality=yes
SystemCallArchitectures=native
KillSignal=SIGTERM
TimeoutStopSec=15

[Install]
WantedBy=multi-user.target
"""


def unit_text(command: str, groups: tuple[str, ...] = ("video", "plugdev")) -> str:
    """The unit file that runs a command.

    Args:
        command: What to run, as :func:`command_line` writes it; its first word an absolute path.
        groups: Whose devices it may use: ``video`` has cameras, ``plugdev`` the USB Coral.
    """
    return _TEMPLATE.format(command=command, groups=" ".join(groups))


def command_line(words: Sequence[str]) -> str:
    """Words as one ``ExecStart=``: quoted, and neither specifiers nor variables for systemd.

    By systemd.service(5), "Command lines", and systemd.unit(5), "Specifiers".
    """
    return " ".join(_quoted(word) for word in words).replace("%", "%%").replace("$", "$$")


def _quoted(word: str) -> str:
    if word and not set(word) & set(" \t\n\"'\\;"):
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def install_unit(text: str, folder: Path = UNIT_FOLDER) -> Path:
    """Write the unit and tell systemd; it is not started.

    Raises:
        MissingDependencyError: If there is no systemd here.
        DeviceError: If the unit cannot be written, for want of rights.
    """
    systemctl = shutil.which("systemctl")
    if systemctl is None:
        raise MissingDependencyError(
            "expected systemd. Received: no systemctl. Use --print, and start the command shown "
            "there by what this system has instead."
        )
    path = folder / UNIT
    beside = path.with_name(path.name + ".partial")
    before = path.read_bytes() if path.is_file() else None
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
        subprocess.run([systemctl, "daemon-reload"], check=True, capture_output=True, text=True)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise DeviceError(
            f"expected to write {path}. Received: {error.strerror}. Run it with sudo."
        ) from error
    except subprocess.CalledProcessError as error:
        _restore(path, before)
        raise DeviceError(
            f"expected systemd to take the unit. Received: {error.stderr.strip()}. "
            "Nothing was installed. Run it with sudo, on a system that systemd started."
        ) from error
    return path


def _restore(path: Path, before: bytes | None) -> None:
    if before is None:
        path.unlink()
    else:
        path.write_bytes(before)
