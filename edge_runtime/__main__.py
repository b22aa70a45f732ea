"""``python -m edge_runtime`` is ``melanoma-edge``."""

import os

# The command multiplies no matrices with numpy: threads for that only cost its start time.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from edge_runtime.cli import main

if __name__ == "__main__":
    main()
