"""Which curves the points of each study make, and the power law of each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.growth_fit import fit_power_law
from benchmarks.growth_plan import CUT, IMAGE_SIZE, INTERPRETERS, TRAINING
from benchmarks.growth_results import Growth, Measured

Value = Callable[[Measured], float | None]


@dataclass(frozen=True, kw_only=True)
class Axis:
    """What a curve is drawn over: its name with unit, and its value of a point."""

    name: str
    value: Value


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A cost over what grows, within a study."""

    study: str
    x: Axis
    y: Axis

    def points(self, measured: Sequence[Measured], variant: str) -> list[tuple[float, float]]:
        """The known points of a variant, all rounds, by rising x."""
        pairs = [
            (self.x.value(one), self.y.value(one))
            for one in measured
            if one.point.study == self.study and one.point.variant == variant
        ]
        return sorted((x, y) for x, y in pairs if x is not None and y is not None and y > 0)


_LATENCY = Axis(name="latency (ms)", value=lambda one: one.latency_ms)
_MEMORY = Axis(name="added memory (MiB)", value=lambda one: one.added_mib)
_SIDE = Axis(name="image side (px)", value=lambda one: one.point.image_size)

CURVES = (
    Curve(study=IMAGE_SIZE, x=_SIDE, y=_LATENCY),
    Curve(study=IMAGE_SIZE, x=_SIDE, y=_MEMORY),
    Curve(
        study=CUT,
        x=Axis(name="arithmetic (GMAC)", value=lambda one: one.macs / 1e9),
        y=_LATENCY,
    ),
    Curve(
        study=CUT,
        x=Axis(name="file size (MB)", value=lambda one: one.size_bytes / 1e6),
        y=_MEMORY,
    ),
    Curve(
        study=INTERPRETERS,
        x=Axis(name="interpreters", value=lambda one: one.point.interpreters),
        y=Axis(name="pictures/s", value=lambda one: one.throughput_per_s),
    ),
    Curve(
        study=TRAINING,
        x=Axis(name="pictures", value=lambda one: one.point.pictures),
        y=Axis(name="time (s)", value=lambda one: one.training_s),
    ),
)


def fit_curves(measured: Sequence[Measured], cores: int) -> tuple[Growth, ...]:
    """The power law of each curve and variant.

    Args:
        measured: All points of all rounds.
        cores: Beyond so many interpreters none has a core of its own: they are not fitted.
    """
    fits = []
    for curve in CURVES:
        variants = [one.point.variant for one in measured if one.point.study == curve.study]
        for variant in dict.fromkeys(variants):
            points = curve.points(measured, variant)
            if curve.study == INTERPRETERS:
                points = [(x, y) for x, y in points if x <= cores]
            law = fit_power_law([x for x, _ in points], [y for _, y in points])
            fits.append(
                Growth(study=curve.study, variant=variant, x=curve.x.name, y=curve.y.name, law=law)
            )
    return tuple(fits)
