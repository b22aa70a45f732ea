"""Makes the golden cases of a file: pictures, pixels and what each kernel family computes."""

import hashlib
import io
from collections.abc import Mapping, Sequence

from PIL import Image

from converter.shared_runners import logits_of
from edge_runtime.console import log
from edge_runtime.contract.golden import GoldenCase, GoldenSet
from edge_runtime.contract.preprocess import Preprocessing, pixels_sha256, preprocess
from edge_runtime.runner import Runner
from edge_runtime.synthetic import draw_lesion

# Label, seed, height and width, file format: shrunk and enlarged, lossless and JPEG.
_CASES = (
    ("benign", 1, (96, 96), "PNG"),
    ("malignant", 2, (96, 96), "PNG"),
    ("benign", 3, (450, 600), "JPEG"),
    ("malignant", 4, (450, 600), "JPEG"),
)
# Correct kernels of another processor may lie as far apart as two correct families do.
_SAFETY = 1.5
_LEAST_INT8_TOLERANCE = 0.05
_FLOAT_TOLERANCE = 1e-3
_WIDE_TOLERANCE = 1.0  # moves a score of 0.5 to 0.27


def draw_golden_pictures() -> dict[str, bytes]:
    """Encoded pictures by their name in the archive; no patient's picture is among them."""
    files = {}
    for number, (label, seed, size_hw, file_format) in enumerate(_CASES):
        encoded = io.BytesIO()
        image = Image.fromarray(draw_lesion(label, seed, size_hw))
        image.save(encoded, file_format, **({"quality": 90} if file_format == "JPEG" else {}))
        suffix = "jpg" if file_format == "JPEG" else "png"
        files[f"golden/{number}.{suffix}"] = encoded.getvalue()
    return files


def make_golden_set(
    pictures: Mapping[str, bytes],
    spec: Preprocessing,
    families: Sequence[Sequence[Runner]],
    *,
    family_difference: float | None,
) -> GoldenSet:
    """What each family's runner computes from the golden pictures.

    Args:
        pictures: From :func:`draw_golden_pictures`.
        spec: From picture to pixels.
        families: Runners of each kernel family.
        family_difference: Largest |Δlogit| between the families on real pictures; None for a
            model that computes in floats, where they hardly differ.
    """
    prepared = [preprocess(encoded, spec) for encoded in pictures.values()]
    computed = {
        runners[0].info.kernel_family: list(logits_of(runners, prepared, lambda pixels: pixels))
        for runners in families
    }
    cases = [
        GoldenCase(
            file=name,
            file_sha256=hashlib.sha256(encoded).hexdigest(),
            pixels_sha256=pixels_sha256(pixels),
            logits={family: logits[place] for family, logits in computed.items()},
        )
        for place, ((name, encoded), pixels) in enumerate(
            zip(pictures.items(), prepared, strict=True)
        )
    ]
    tolerance = _FLOAT_TOLERANCE
    if family_difference is not None:
        here = [max(c.logits.values()) - min(c.logits.values()) for c in cases]
        tolerance = _int8_tolerance(max(family_difference, *here))
    return GoldenSet(
        cases=tuple(cases), tolerance={family: round(tolerance, 6) for family in computed}
    )


def _int8_tolerance(family_difference: float) -> float:
    tolerance = max(_LEAST_INT8_TOLERANCE, _SAFETY * family_difference)
    if tolerance > _WIDE_TOLERANCE:
        log.warning(
            "warning: correct kernels lie %.2f logits apart on this model; its golden cases find "
            "gross faults only. Such a network is fragile in integers: prefer a float variant.",
            family_difference,
        )
    return tolerance
