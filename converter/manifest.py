"""What a made file holds, for the export's record."""

import hashlib
from collections import Counter
from pathlib import Path
from typing import Any

from converter.flatbuffer import read_flatbuffer


def describe_file(path: Path, model_sha256: str) -> dict[str, Any]:
    """Name, size, hashes, operators with their versions, and tensors by type.

    Args:
        path: A sealed ``.tflite`` file.
        model_sha256: Of its flatbuffer, from its card.
    """
    content = path.read_bytes()
    model = read_flatbuffer(content)
    operators = Counter((operator.name, operator.version) for operator in model.operators)
    return {
        "file": path.name,
        "size_bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "model_sha256": model_sha256,
        "operators": [
            {"name": name, "version": version, "count": count}
            for (name, version), count in sorted(operators.items())
        ],
        "tensors": dict(sorted(Counter(tensor.dtype for tensor in model.tensors).items())),
    }
