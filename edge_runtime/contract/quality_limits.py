"""The limits of the checks before scoring, as a model card can carry them."""

import math
from dataclasses import dataclass, fields, replace

from edge_runtime.errors import CardSchemaError

VIEW_FEATURES = 6
ANY_TICKS = 1e6  # more than any picture has pixels along a side


@dataclass(frozen=True, kw_only=True)
class QualityLimits:
    """When a picture is sent back; grey levels are 0 to 255, shares are of the picture's pixels.

    Where each value comes from, and what it costs and finds: docs/quality-gate.md.

    Attributes:
        min_contrast: Least span of luminance, in grey levels.
        min_bright: Least brightness of the bright parts (95th percentile of each pixel's strongest
            channel) on light skin; less is asked for on dark skin.
        max_clipped: Largest share of pixels whose strongest channel is at its end.
        max_glare: Largest share of nearly white pixels.
        max_dark_rim: Largest share of nearly black pixels.
        min_sharpness: Least detail at the finest scale, see ``edge_runtime.quality.blur``.
        min_coarse_sharpness: Least detail at the next scale.
        max_view_distance: Largest Mahalanobis distance from dermatoscopic pictures, squared.
        view_mean: Mean of the features of dermatoscopic pictures.
        view_precision: Inverse of their covariance, row by row.
        min_lesion_contrast: Least spread of colour over the parts of the picture, see
            ``edge_runtime.quality.lesion``.
        max_ink: Largest share of pixels that are pen marks, see ``edge_runtime.quality.ink``.
        max_ruler_ticks: Most evenly spaced ticks on paper at a margin; more make a ruler, see
            ``edge_runtime.quality.ruler``.
        min_source_share: Least side of the picture file, as a share of the model's input.
    """

    min_contrast: float = 12.0
    min_bright: float = 140.0
    max_clipped: float = 0.55
    max_glare: float = 0.10
    max_dark_rim: float = 0.50
    min_sharpness: float = 0.57
    min_coarse_sharpness: float = 0.55
    max_view_distance: float = 25.0
    view_mean: tuple[float, ...] = (
        0.3919,
        -0.0289,
        -1.879,
        -3.0779,
        -3.9086,
        -4.3366,
    )
    view_precision: tuple[float, ...] = (
        49.814,
        18.9137,
        -9.7128,
        0.4259,
        22.6004,
        -23.505,
        18.9137,
        75.04,
        -3.2205,
        -1.206,
        2.3326,
        0.3901,
        -9.7128,
        -3.2205,
        7.1593,
        -2.4992,
        -7.0142,
        6.3111,
        0.4259,
        -1.206,
        -2.4992,
        16.0769,
        -8.1433,
        0.177,
        22.6004,
        2.3326,
        -7.0142,
        -8.1433,
        70.9903,
        -57.6747,
        -23.505,
        0.3901,
        6.3111,
        0.177,
        -57.6747,
        59.5295,
    )
    min_lesion_contrast: float = 0.08
    max_ink: float = 0.0018
    max_ruler_ticks: float = 5.0
    min_source_share: float = 0.5

    def __post_init__(self) -> None:
        sizes = (len(self.view_mean), len(self.view_precision))
        if sizes != (VIEW_FEATURES, VIEW_FEATURES**2):
            raise CardSchemaError(
                f"quality limits need {VIEW_FEATURES} view_mean and {VIEW_FEATURES**2} "
                f"view_precision values. Received: {sizes[0]} and {sizes[1]}"
            )
        for field in fields(self):
            value = getattr(self, field.name)
            numbers = value if isinstance(value, tuple) else (value,)
            if not all(math.isfinite(number) for number in numbers):
                raise CardSchemaError(
                    f"quality limits must be finite. Received: {field.name}={value}"
                )


DEFAULT_LIMITS = QualityLimits()
# For models of drawn pictures, which are softer and less colourful than skin: all other checks were
# measured on real pictures and say nothing about drawn ones.
CONTRAST_ONLY = replace(
    DEFAULT_LIMITS,
    min_bright=0.0,
    max_clipped=1.0,
    max_glare=1.0,
    max_dark_rim=1.0,
    min_sharpness=0.0,
    min_coarse_sharpness=0.0,
    max_view_distance=1e9,
    min_lesion_contrast=0.0,
    max_ink=1.0,
    max_ruler_ticks=ANY_TICKS,
    min_source_share=0.0,
)
