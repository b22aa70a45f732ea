"""``melanoma-edge``: assess pictures on the device."""

import importlib
import sys
from collections.abc import Sequence

import typer

from edge_runtime import console
from edge_runtime.contract.card import NOTICE

# Module and name of each command's function, or of the application that holds its own commands.
COMMANDS = {
    "image": ("image_command", "image"),
    "folder": ("image_command", "image"),
    "watch": ("watch_command", "watch"),
    "camera": ("camera_command", "camera"),
    "video": ("camera_command", "video"),
    "journal": ("journal_command", "app"),
    "self-test": ("self_test_command", "self_test"),
    "install-service": ("service_command", "install_service"),
    "doctor": ("doctor_command", "doctor"),
}
_HELP = {"folder": "The same as image, for a folder of pictures."}


def make_app(arguments: Sequence[str]) -> typer.Typer:
    """The command with the one subcommand that the arguments ask for, or with all of them.

    A start imports its own subcommand alone: the others take longer than decoding a picture.

    Args:
        arguments: Those of the process, without its name.
    """
    app = console.make_app(
        f"Assess dermatoscopic pictures with a card-carrying TFLite model. {NOTICE}"
    )
    first = next((argument for argument in arguments if argument != "--debug"), "")
    for name in (first,) if first in COMMANDS else COMMANDS:
        module, attribute = COMMANDS[name]
        command = getattr(importlib.import_module(f"edge_runtime.{module}"), attribute)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name, epilog=console.EXIT_CODES)
        else:
            app.command(name=name, help=_HELP.get(name))(command)
    return app


def main() -> None:
    """Entry point of ``melanoma-edge``."""
    console.run_app(make_app(sys.argv[1:]))
