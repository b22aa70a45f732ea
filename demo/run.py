"""Runs the whole chain and leaves one page: ``python demo/run.py --out demo-output``."""

import sys
from pathlib import Path


def main() -> None:
    """Put the repository on the import path, where this folder is a package, and run."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from demo.cli import app
    from edge_runtime.console import run_app

    run_app(app)


if __name__ == "__main__":
    main()
