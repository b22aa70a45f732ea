"""Cards of earlier releases: a model at the bedside outlives the release that made it."""

from typing import Any

from edge_runtime.errors import CardVersionError

SCHEMA_VERSION = 2
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
    return _second(data) if version == _FIRST_VERSION else data


def _second(data: dict[str, Any]) -> dict[str, Any]:
    """Version 2 added ``architecture.pooled_from`` and ``quality.min_lesion_contrast``."""
    result = {**data, "schema_version": 2}
    architecture, quality = data.get("architecture"), data.get("quality")
    if isinstance(architecture, dict):
        result["architecture"] = {"pooled_from": architecture.get("cut"), **architecture}
    if isinstance(quality, dict):
        result["quality"] = {"min_lesion_contrast": 0.0, **quality}
    return result
