"""``python -m benchmarks`` is ``melanoma-bench``."""

from benchmarks.cli import main

main()
