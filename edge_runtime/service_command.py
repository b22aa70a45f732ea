"""``melanoma-edge install-service``: run unattended from the next start on."""

import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from edge_runtime import console
from edge_runtime.service import UNIT, command_line, install_unit, unit_text

_NAME = "melanoma-edge"


def install_service(
    arguments: Annotated[
        list[str], typer.Argument(help="What the service runs, as in: watch /srv/pictures …")
    ],
    only_print: Annotated[
        bool, typer.Option("--print", help="Show the unit; install nothing.")
    ] = False,
) -> None:
    """Install a systemd unit that runs melanoma-edge with ARGUMENTS; put -- before them.

    It runs as an unprivileged user on a read-only file system but for /var/lib/melanoma-edge, and
    is started again after a failure.
    """
    text = unit_text(command_line([*_program(), *arguments]))
    if only_print:
        console.write_line(text.rstrip())
        return
    path = install_unit(text)
    console.write_line(f"written {path}; start it now and at every start with:")
    console.write_line(f"sudo systemctl enable --now {UNIT}")


def _program() -> list[str]:
    called = Path(sys.argv[0])
    found = called if called.name == _NAME and called.is_file() else shutil.which(_NAME)
    return [str(Path(found).absolute())] if found else [sys.executable, "-m", "edge_runtime"]
