"""Which points show how cost grows: one thing at a time is made larger."""

from dataclasses import dataclass

IMAGE_SIZE, CUT, INTERPRETERS, TRAINING = "image_size", "cut", "interpreters", "training"
VARIANTS = ("float32", "int8")
# Where nothing else is said: what the published model has.
DEFAULT_SIZE, DEFAULT_CUT = 224, "mixed8"
# Training is timed on a small network, so that its largest set stays bearable.
_TRAINING_SIZE, _TRAINING_CUT = 150, "mixed5"


@dataclass(frozen=True, kw_only=True)
class Point:
    """What one process measures.

    Attributes:
        study: :data:`IMAGE_SIZE`, :data:`CUT`, :data:`INTERPRETERS` or :data:`TRAINING`.
        variant: One of :data:`VARIANTS`; ``float32`` in training.
        image_size: Side of the input in pixels.
        cut: Last block kept.
        interpreters: That work at the same time.
        pictures: Of a training set; 0 elsewhere.
    """

    study: str
    variant: str
    image_size: int = DEFAULT_SIZE
    cut: str = DEFAULT_CUT
    interpreters: int = 1
    pictures: int = 0

    @property
    def name(self) -> str:
        """As in ``cut: int8, mixed5 at 224``."""
        what = f"{self.study}: {self.variant}, {self.cut} at {self.image_size}"
        if self.study == INTERPRETERS:
            return f"{what}, {self.interpreters} interpreters"
        return f"{what}, {self.pictures} pictures" if self.pictures else what


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How much is measured.

    Attributes:
        image_sizes: Sides in pixels.
        cuts: Last blocks kept.
        set_sizes: Pictures of a training set.
        interpreters_by_core: The largest number of interpreters for each core.
        rounds: Processes of each point, which take turns.
        min_queries: Of an inference, in each round.
        min_s: Seconds of a round, at least.
    """

    image_sizes: tuple[int, ...]
    cuts: tuple[str, ...]
    set_sizes: tuple[int, ...]
    interpreters_by_core: int
    rounds: int
    min_queries: int
    min_s: float


FULL = Effort(
    image_sizes=(150, 224, 299, 448),
    cuts=tuple(f"mixed{number}" for number in range(2, 11)),
    set_sizes=(128, 256, 512, 1024, 2048),
    interpreters_by_core=2,
    rounds=3,
    min_queries=50,
    min_s=5.0,
)
QUICK = Effort(
    image_sizes=(150, 224, 299),
    cuts=("mixed2", "mixed5", "mixed8"),
    set_sizes=(64, 128, 256),
    interpreters_by_core=2,
    rounds=1,
    min_queries=8,
    min_s=1.0,
)


def plan(effort: Effort, cores: int) -> list[Point]:
    """The points of one round, those of one study next to each other.

    Args:
        effort: How much.
        cores: Processor cores that can be used.
    """
    numbers = list(range(1, effort.interpreters_by_core * cores + 1))
    if cores > 4:
        numbers = [n for n in numbers if n & (n - 1) == 0 or n in (cores, numbers[-1])]
    return [
        *(
            Point(study=IMAGE_SIZE, variant=variant, image_size=size)
            for size in effort.image_sizes
            for variant in VARIANTS
        ),
        *(
            Point(study=CUT, variant=variant, cut=cut)
            for cut in effort.cuts
            for variant in VARIANTS
        ),
        *(
            Point(study=INTERPRETERS, variant=variant, interpreters=count)
            for count in numbers
            for variant in VARIANTS
        ),
        *(
            Point(
                study=TRAINING,
                variant="float32",
                image_size=_TRAINING_SIZE,
                cut=_TRAINING_CUT,
                pictures=pictures,
            )
            for pictures in effort.set_sizes
        ),
    ]
