"""``python -m converter`` is ``melanoma-convert``."""

from converter.cli import main

main()
