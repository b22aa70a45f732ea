"""What tests of the converter share: edited flatbuffers."""

from collections.abc import Callable
from typing import Any

import pytest

EditTflite = Callable[[bytes, Callable[[Any], None]], bytes]


@pytest.fixture(scope="session")
def edit_tflite() -> EditTflite:
    """Changes a flatbuffer through its object form: ``edit_tflite(content, change)``."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    def edit(content: bytes, change: Callable[[Any], None]) -> bytes:
        model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
        change(model)
        builder = flatbuffers.Builder(len(content) + 1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    return edit
