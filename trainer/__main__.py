"""``python -m trainer`` is ``melanoma-train``."""

from trainer.cli import main

main()
