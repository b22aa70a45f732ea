"""Cards of earlier releases: a model at the bedside outlives the release that made it."""

from typing import Any

from edge_runtime.contract.quality_limits import ANY_TICKS
from edge_runtime.errors import CardVersionError

SCHEMA_VERSION = 4
_FIRST_VERSION = 1


def upgraded(data: Any) -> Any:
    """Parsed JSON of a card or draft as this release's layout has it.

    What a version added means for older files what it was before: no new check, no other network.

    Raises:
        CardVersionError: If it is of no version that this release reads.
    """
    version = data.get("schema_version") if isinstance(data, dict) else None
    if type(version) is not int or not _FIRST_VERSION <= version <= SCHEMA_VERSION:
        raise CardVersionError(
            f"this release reads cards of schema versions {_FIRST_VERSION} to {SCHEMA_VERSION}. "
            f"Received: schema_version={version!r}. "
            "Install the release of melanoma-edge that wrote the file, or export it again."
        )
    for number, step in enumerate(_STEPS, start=_FIRST_VERSION):
        if number >= version:
            data = {**step(data), "schema_version": number + 1}
    return data


def _second(data: dict[str, Any]) -> dict[str, Any]:
    """Version 2 added ``architecture.pooled_from`` and ``quality.min_lesion_contrast``."""
    cut = _part(data, "architecture").get("cut")
    data = _completed(data, "architecture", pooled_from=cut)
    return _completed(data, "quality", min_lesion_contrast=0.0)


def _third(data: dict[str, Any]) -> dict[str, Any]:
    """Version 3 added ``architecture.pooled_middle``."""
    return _completed(data, "architecture", pooled_middle=False)


def _fourth(data: dict[str, Any]) -> dict[str, Any]:
    """Version 4 sends pictures with ink or a ruler back; ink was only remarked on before."""
    quality = _part(data, "quality") | {"max_ink": 1.0, "max_ruler_ticks": ANY_TICKS}
    return {**data, "quality": quality} if _part(data, "quality") else data


# From each version to the next, the first one first.
_STEPS = (_second, _third, _fourth)


def _completed(data: dict[str, Any], name: str, **added: Any) -> dict[str, Any]:
    """With what a part lacks; a part that is no object is left for the schema to refuse."""
    return {**data, name: {**added, **data[name]}} if _part(data, name) else data


def _part(data: dict[str, Any], name: str) -> dict[str, Any]:
    part = data.get(name)
    return part if isinstance(part, dict) else {}
