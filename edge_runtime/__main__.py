"""``python -m edge_runtime`` is ``melanoma-edge``."""

from edge_runtime.cli import main

main()
