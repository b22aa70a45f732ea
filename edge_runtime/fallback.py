"""The file that stands in where an accelerator fails: another variant, for the processor."""

import dataclasses
from pathlib import Path

from edge_runtime.contract.card import ModelCard
from edge_runtime.errors import ContractError
from edge_runtime.opening import LoadOptions, OpenedModel, open_model


def open_fallback(path: Path, options: LoadOptions, stands_in_for: ModelCard) -> OpenedModel:
    """Open the file that takes over if the accelerator fails, ready to run.

    It is opened before it is needed: a file that does not work is found at the start.

    Args:
        path: A variant that needs no accelerator.
        options: Those of the file it stands in for; its delegate is left out.
        stands_in_for: Card of that file.

    Raises:
        ContractError: If the file is not valid, needs an accelerator itself, or has other labels.
        DeviceError: If no runtime works.
    """
    opened = open_model(path, dataclasses.replace(options, delegate="cpu"))
    if opened.model.card.labels != stands_in_for.labels:
        opened.runner.close()
        raise ContractError(
            f"expected a fallback with the labels of {stands_in_for.name}, "
            f"{stands_in_for.labels}. Received: {opened.model.card.labels} in {path.name!r}. "
            "Export both from one run."
        )
    return opened
