"""Everything in a synthetic picture that says nothing about its label: skin, light, hair, bubbles.

Picture coordinates run from −1 to 1 across the square picture, columns first. Lesion coordinates
are picture coordinates turned, shifted and scaled, with the lesion's centre at the origin: all
that belongs to the patient is drawn in lesion coordinates, so that another view of the same lesion
shows the same marks elsewhere. Both are free of pixels, and so is every length in this module.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from PIL import Image

Plane = npt.NDArray[np.float32]

# Lattices span this square of lesion coordinates: a turned, shifted picture never leaves it.
_LATTICE_HALF_WIDTH = 2.0
_SAMPLES_PER_CELL = 3
_GRAIN_CELLS = 112


def ramp(values: Plane, low: float, high: float) -> Plane:
    """Return 0 up to `low`, 1 from `high` on, smooth between; a falling step where low > high."""
    step = np.clip((values - low) * (1 / (high - low)), 0, 1)
    return np.asarray(step * step * (3 - 2 * step), np.float32)


def _enlarged(grid: Image.Image, side: int) -> Plane:
    return np.asarray(grid.resize((side, side), Image.Resampling.BICUBIC))


@dataclass(frozen=True)
class Canvas:
    """A square picture and how the lesion lies in it.

    Attributes:
        side: Width and height in pixels.
        rotation: Turn of the lesion, in radians.
        shift: Where the lesion's centre lies, (column, row) in picture coordinates.
        zoom: Lesion units per picture unit: above 1 the lesion looks smaller.
    """

    side: int
    rotation: float
    shift: tuple[float, float]
    zoom: float

    @cached_property
    def column(self) -> Plane:
        """Picture coordinate of each column, float32 (1, side) in (−1, 1)."""
        return ((np.arange(self.side, dtype=np.float32) + 0.5) * (2 / self.side) - 1)[None, :]

    @cached_property
    def row(self) -> Plane:
        """Picture coordinate of each row, float32 (side, 1) in (−1, 1)."""
        return np.ascontiguousarray(self.column.T)

    @cached_property
    def x(self) -> Plane:
        """Lesion coordinate x of each pixel, float32 (side, side)."""
        return self._lesion_axis(self._cosine, -self._sine)

    @cached_property
    def y(self) -> Plane:
        """Lesion coordinate y of each pixel, float32 (side, side)."""
        return self._lesion_axis(self._sine, self._cosine)

    @property
    def pixel(self) -> float:
        """Width of a pixel in picture coordinates."""
        return 2 / self.side

    @property
    def _cosine(self) -> float:
        return self.zoom * math.cos(self.rotation)

    @property
    def _sine(self) -> float:
        return self.zoom * math.sin(self.rotation)

    def _lesion_axis(self, per_column: float, per_row: float) -> Plane:
        column = (self.column - self.shift[0]) * per_column
        row = (self.row - self.shift[1]) * per_row
        return np.asarray(column + row, np.float32)

    def noise(self, rng: np.random.Generator, cells: int) -> Plane:
        """Return smooth noise fixed to the lesion, float32 (side, side), about mean 0 and sd 0.9.

        Args:
            rng: Source of the lattice; the draw does not depend on `side`.
            cells: Lattice points across four lesion units: more cells, finer noise.
        """
        lattice = Image.fromarray(rng.standard_normal((cells, cells), dtype=np.float32))
        scale = cells / (2 * _LATTICE_HALF_WIDTH)
        offsets = [
            (_LATTICE_HALF_WIDTH - a * (1 + self.shift[0]) - b * (1 + self.shift[1])) * scale
            for a, b in ((self._cosine, -self._sine), (self._sine, self._cosine))
        ]
        # Turning is slow and smooth noise has few details: turn a coarse grid, then enlarge it.
        grid = min(self.side, math.ceil(_SAMPLES_PER_CELL * cells / _LATTICE_HALF_WIDTH))
        across, down = (2 / grid * scale * part for part in (self._cosine, self._sine))
        turned = lattice.transform(
            (grid, grid),
            Image.Transform.AFFINE,
            (across, -down, offsets[0], down, across, offsets[1]),
            resample=Image.Resampling.BICUBIC,
        )
        return _enlarged(turned, self.side)

    def honeycomb(self, period: float, angle: float, warp: tuple[Plane, Plane]) -> Plane:
        """Return three crossed waves, float32 (side, side), −1.5 on the mesh to 3 in its holes.

        Args:
            period: Wavelength in lesion units.
            angle: Direction of the first wave, in radians.
            warp: How far each pixel is displaced in x and y, in lesion units.
        """
        x, y = self.x + warp[0], self.y + warp[1]
        wave_number = 2 * math.pi / period
        waves = np.zeros_like(x)
        for turn in range(3):
            direction = angle + turn * 2 * math.pi / 3
            per_x, per_y = wave_number * math.cos(direction), wave_number * math.sin(direction)
            waves += np.cos(per_x * x + per_y * y)
        return waves

    def dots(self, centres: npt.NDArray[np.float64], radii: npt.NDArray[np.float64]) -> Plane:
        """Return round dots with soft rims, float32 (side, side) in [0, 1].

        Args:
            centres: float64 (N, 2), x and y in lesion units.
            radii: float64 (N,), in lesion units.
        """
        plane = np.zeros((self.side, self.side), np.float32)
        for (x, y), radius in zip(centres, radii / self.zoom, strict=True):
            column = (self._cosine * x + self._sine * y) / self.zoom**2 + self.shift[0]
            row = (-self._sine * x + self._cosine * y) / self.zoom**2 + self.shift[1]
            box = (self._span(row, 1.6 * radius), self._span(column, 1.6 * radius))
            distance = (self.row[box[0]] - row) ** 2 + (self.column[:, box[1]] - column) ** 2
            plane[box] = np.maximum(plane[box], np.exp(-((distance / radius**2) ** 2)))
        return plane

    def _span(self, centre: float, reach: float) -> slice:
        """The pixels within `reach` of `centre`, both in picture coordinates."""
        first, last = ((centre + end + 1) / self.pixel for end in (-reach, reach))
        return slice(max(0, math.floor(first)), max(0, math.ceil(last)))


def skin(canvas: Canvas, rng: np.random.Generator) -> tuple[Plane, Plane]:
    """Return the melanin and blood of bare skin, optical densities, float32 (side, side) each."""
    tone = 0.06 + 1.2 * rng.beta(1.0, 3.0)
    blush = rng.uniform(0.14, 0.32)
    broad, patchy, winding = (canvas.noise(rng, cells) for cells in (9, 7, 13))
    fine = canvas.noise(rng, 44)
    melanin = tone * (1 + 0.06 * broad + 0.05 * fine)
    blood = blush * (1 + 0.14 * patchy + 0.10 * fine)
    vessels = np.exp(-((20 * winding + 2.4 * fine) ** 2)) * ramp(broad, -0.3, 0.8)
    blood += rng.uniform(0, 0.14) * vessels
    warp = (0.06 * patchy, 0.06 * winding)
    furrows = ramp(-canvas.honeycomb(0.19, rng.uniform(0, math.pi), warp), 0.8, 1.5)
    melanin -= rng.uniform(0, 0.05) * furrows
    return np.asarray(melanin, np.float32), np.asarray(blood, np.float32)


def photograph(rgb: Plane, canvas: Canvas, rng: np.random.Generator) -> Plane:
    """Return the picture with hairs, uneven light, bubbles and vignette, float32 (3, side, side).

    Args:
        rgb: Skin and lesion, float32 (3, side, side), RGB in [0, 1].
        canvas: The picture.
        rng: Source of everything that belongs to this view and not to the lesion.
    """
    if rng.random() < 0.45:
        root = np.array([0.15, 0.10, 0.08]) + rng.uniform(0, 0.2) * np.array([1, 0.8, 0.6])
        cover = 0.88 * _hairs(canvas, rng)
        rgb = rgb + cover * (root.astype(np.float32)[:, None, None] - rgb)
    rgb = rgb * _light(canvas, rng)
    if rng.random() < 0.3:
        rgb = _with_bubbles(rgb, canvas, rng)
    grain = Image.fromarray(rng.standard_normal((_GRAIN_CELLS,) * 2, dtype=np.float32))
    exposure = 1 + 0.02 * _enlarged(grain, canvas.side)
    if rng.random() < 0.35:
        column, row = rng.normal(0, 0.04, 2).tolist()
        radius = rng.uniform(0.98, 1.2)
        field = ramp(_distance(canvas, column, row), radius + 0.03, radius - 0.03)
        exposure *= 0.04 + 0.96 * field
    return np.asarray(rgb * exposure, np.float32)


def _distance(canvas: Canvas, column: float, row: float) -> Plane:
    """Distance of each pixel from a point of the picture, in picture units."""
    across, down = canvas.column - column, canvas.row - row
    return np.asarray(np.sqrt(across * across + down * down), np.float32)


def _hairs(canvas: Canvas, rng: np.random.Generator) -> Plane:
    """Share of each pixel under hair, float32 (side, side) in [0, 1]: tapered parabolas."""
    cover = np.zeros((canvas.side, canvas.side), np.float32)
    pixels = 1 / canvas.pixel
    growth = rng.uniform(0, math.pi)
    for _ in range(rng.integers(1, 10)):
        angle = growth + 0.5 * rng.normal()
        cosine, sine = math.cos(angle), math.sin(angle)
        middle, offset = rng.uniform(-0.8, 0.8), rng.uniform(-1, 1)
        bend, half_length = 0.35 * rng.normal(), rng.uniform(0.4, 1.4)
        half_width = rng.uniform(0.005, 0.012)
        along = cosine * canvas.column + sine * canvas.row - middle
        across = cosine * canvas.row - sine * canvas.column - offset
        distance = np.abs(across - bend * along**2) / np.sqrt(1 + (2 * bend * along) ** 2)
        reach = half_width * np.clip((half_length - np.abs(along)) * 4, 0, 1)
        inside = np.clip((reach - distance) * pixels + 0.5, 0, 1)
        # A hair thinner than a pixel covers only part of it.
        np.maximum(cover, inside * np.minimum(1, 2 * reach * pixels), out=cover)
    return cover


def _light(canvas: Canvas, rng: np.random.Generator) -> Plane:
    """Brightness of the light in each channel, float32 (3, side, side) about 1."""
    angle, slope, falloff = rng.uniform(0, 2 * math.pi), rng.uniform(0, 0.13), rng.uniform(0, 0.14)
    across, down = slope * math.cos(angle) * canvas.column, slope * math.sin(angle) * canvas.row
    glare_at, glare = rng.uniform(-0.9, 0.9, 2).tolist(), max(0.0, rng.uniform(-0.3, 0.22))
    spot = np.exp(-((_distance(canvas, *glare_at) * 3) ** 2))
    light = 1 + across + down - falloff * _distance(canvas, 0, 0) ** 2
    cast = rng.uniform(0.9, 1.05) * np.exp(rng.normal(0, 0.02, 3)).astype(np.float32)
    return np.asarray((light + glare * spot) * cast[:, None, None], np.float32)


def _with_bubbles(rgb: Plane, canvas: Canvas, rng: np.random.Generator) -> Plane:
    """The picture with bubbles in the immersion fluid: dark rim, bright inner rim, highlight."""
    dark = np.zeros((canvas.side, canvas.side), np.float32)
    bright = np.zeros_like(dark)
    for _ in range(rng.integers(1, 7)):
        column, row = rng.uniform(-1, 1, 2).tolist()
        radius = math.exp(rng.uniform(math.log(0.02), math.log(0.10)))
        distance = _distance(canvas, column, row) / radius
        sharpness = 1 / (0.15 + canvas.pixel / radius / 2)
        dark += np.exp(-(((distance - 1) * sharpness) ** 2))
        bright += 0.2 * np.exp(-(((distance - 0.8) * sharpness) ** 2))
        highlight = _distance(canvas, column - 0.4 * radius, row - 0.45 * radius)
        bright += 0.7 * np.exp(-((4.5 / radius * highlight) ** 2))
    return np.asarray(rgb * (1 - 0.22 * dark) + bright, np.float32)
