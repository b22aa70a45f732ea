"""``melanoma-edge doctor``: what this device can run."""

import json
from typing import Annotated

import typer

from edge_runtime import console
from edge_runtime.doctor import examine, print_examination
from edge_runtime.errors import DeviceError


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Show what this device can run, and the command that installs what is missing.

    Ends with 5 if no TFLite runtime works.
    """
    examination = examine()
    if as_json:
        console.write_line(json.dumps(examination))
    else:
        print_examination(examination)
    if not any(check["ok"] for check in examination["checks"] if check["part"] == "runtime"):
        raise typer.Exit(DeviceError.exit_code)
