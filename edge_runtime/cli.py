"""``melanoma-edge``: assess pictures on the device."""

import json
from typing import Annotated

import typer

from edge_runtime import console
from edge_runtime.camera_command import camera, video
from edge_runtime.contract.card import NOTICE
from edge_runtime.doctor import examine, print_examination
from edge_runtime.errors import DeviceError
from edge_runtime.image_command import image
from edge_runtime.journal_command import app as journal_app
from edge_runtime.self_test_command import self_test
from edge_runtime.service_command import install_service
from edge_runtime.watch_command import watch

app = console.make_app(f"Assess dermatoscopic pictures with a card-carrying TFLite model. {NOTICE}")
app.command()(image)
app.command(name="folder", help="The same as image, for a folder of pictures.")(image)
app.command()(watch)
app.command()(camera)
app.command()(video)
app.add_typer(journal_app, name="journal", epilog=console.EXIT_CODES)
app.command(name="self-test")(self_test)
app.command(name="install-service")(install_service)


@app.command()
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


def main() -> None:
    """Entry point of ``melanoma-edge``."""
    console.run_app(app)
