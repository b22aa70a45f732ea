"""Draws lesion-like pictures for demos, golden cases and tests: invented, not data of patients.

What a picture shows follows one number, the lesion's `atypia`: how irregular its outline is, how
many colours it has (of the six of the ABCD rule: white, red, light brown, dark brown, blue-grey,
black; Stolz et al., Eur J Dermatol 1994) and how broken its pattern. The label decides only which
of two overlapping distributions atypia is drawn from, so that no classifier can be perfect;
everything else is drawn alike for both labels. A score on these pictures says that the software
works, and nothing about skin.

For one seed both labels share skin, light and hairs, and differ in the lesion alone. Arrays are
byte-equal between runs with the same numpy and Pillow; another build may differ by a grey level.
"""

import csv
import math
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from edge_runtime.errors import OutputExistsError
from edge_runtime.synthetic_skin import Canvas, Plane, photograph, ramp, skin

LABELS = ("benign", "malignant")
JPEG_QUALITY = 92
SECOND_VIEW_SHARE = 0.1

# Parameters of the beta distribution of atypia. They overlap: a reader who knew atypia itself
# would reach an AUC of 0.97.
_ATYPIA_BETA = {"benign": (2.0, 5.0), "malignant": (5.0, 2.0)}

# Optical density of one unit of pigment in the red, green and blue bands of a camera (610, 540
# and 465 nm). Melanin absorbs as a power of the wavelength (Jacques,
# https://omlc.org/spectra/melanin/mua.html); the exponent is lowered from 3.48 to 2.2 because
# bands are broad and pixel values gamma-encoded. Blood absorbs mostly green.
_MELANIN = np.array([0.55, 0.72, 1.0], np.float32)[:, None, None]
_BLOOD = np.array([0.12, 0.62, 0.50], np.float32)[:, None, None]
_UNPIGMENTED = np.array([0.97, 0.93, 0.90], np.float32)[:, None, None]
_VEIL = np.array([0.37, 0.41, 0.48], np.float32)[:, None, None]
_SCAR = np.array([0.88, 0.77, 0.74], np.float32)[:, None, None]

# Smaller pictures are drawn at a multiple and averaged down: the finest structures would alias.
_MIN_DRAWN_SIDE = 192
_OUTLINE_STEPS = 1024
_SKIN_STREAM, _LESION_STREAM, _VIEW_STREAM, _DATASET_STREAM = range(4)


def _stream(seed: int, stream: int, index: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64([seed, stream, index]))


@dataclass(frozen=True, kw_only=True)
class SyntheticLesion:
    """The drawn parameters of one lesion; lengths in units of half the picture's side.

    Attributes:
        atypia: How far from an even mole, 0 to 1.
        radius: Mean radius.
        edge_width: Width of the border's fade, as a share of the radius.
        melanin: Optical density of its pigment.
        core: How much darker (above 0) or lighter the middle is than the rim.
        tilt: How much darker one side is than the other.
        network, globules: Strength of the two patterns, 0 to 1.
        blotch, redness, veil, scar: Strength of black, red, blue-grey and white areas.
    """

    atypia: float
    radius: float
    edge_width: float
    melanin: float
    core: float
    tilt: float
    network: float
    globules: float
    blotch: float
    redness: float
    veil: float
    scar: float

    @classmethod
    def sample(cls, label: str, rng: np.random.Generator) -> Self:
        """Return a lesion of `label`, "benign" or "malignant"."""
        atypia = float(rng.beta(*_ATYPIA_BETA[label]))
        network, globules, _ = rng.dirichlet([0.8, 0.5, 0.4]).tolist()
        excess = max(0.0, atypia - 0.3)
        return cls(
            atypia=atypia,
            radius=rng.uniform(0.36, 0.62),
            edge_width=rng.uniform(0.08, 0.24) * (1.15 - 0.7 * atypia),
            melanin=rng.uniform(0.5, 1.4) * (1 - 0.1 * atypia),
            core=rng.uniform(-0.25, 0.5),
            tilt=rng.uniform(0.2, 0.8) * atypia,
            network=network,
            globules=globules,
            blotch=rng.uniform(0.2, 2.6) * excess,
            redness=rng.uniform(0, 1.3) * max(0.0, atypia - 0.15),
            veil=min(0.8, rng.uniform(0, 2.2) * excess),
            scar=min(0.65, rng.uniform(0, 2.0) * excess),
        )


def draw_lesion(
    label: str, seed: int, size_hw: tuple[int, int] = (224, 224), *, view: int = 0
) -> npt.NDArray[np.uint8]:
    """Return a lesion-like picture, uint8 (height, width, 3), RGB in 0 to 255.

    Args:
        label: "benign" or "malignant".
        seed: Which lesion, 0 or more; the same seed shows the same lesion at every size.
        size_hw: Height and width in pixels. A picture that is not square is the middle of the
            square one over its longer side.
        view: Which picture of that lesion, 0 or more: other turn, place, light and hairs.

    Raises:
        ValueError: `label` or `size_hw` is impossible.
    """
    if label not in LABELS:
        raise ValueError(
            f"The label must be one of {LABELS}. Received: label={label!r}. Choose one of them."
        )
    if min(size_hw) < 1:
        raise ValueError(
            f"A picture has at least one row and one column. Received: size_hw={size_hw}. "
            "Pass two positive numbers of pixels."
        )
    oversampling = -(-_MIN_DRAWN_SIDE // max(size_hw))
    light = _stream(seed, _VIEW_STREAM, view)
    column, row = light.normal(0, 0.06, 2).tolist()
    canvas = Canvas(
        side=max(size_hw) * oversampling,
        rotation=light.uniform(0, 2 * math.pi),
        shift=(column, row),
        zoom=light.uniform(0.85, 1.2),
    )
    blur = max(0.0, light.uniform(-0.006, 0.010))
    tissue = _paint(canvas, seed, label)
    rgb = photograph(tissue, canvas, light)
    pixels = (np.clip(rgb, 0, 1) * 255 + 0.5).astype(np.uint8)
    picture = Image.fromarray(np.ascontiguousarray(pixels.transpose(1, 2, 0)))
    picture = picture.filter(ImageFilter.BoxBlur(blur / canvas.pixel)).reduce(oversampling)
    top, left = ((max(size_hw) - extent) // 2 for extent in size_hw)
    return np.asarray(picture)[top : top + size_hw[0], left : left + size_hw[1]].copy()


def _paint(canvas: Canvas, seed: int, label: str) -> Plane:
    """Skin and lesion in even light, float32 (3, side, side), RGB in [0, 1]."""
    rng = _stream(seed, _LESION_STREAM, LABELS.index(label))
    lesion = SyntheticLesion.sample(label, rng)
    melanin, blood = skin(canvas, _stream(seed, _SKIN_STREAM))
    depth = _depth(canvas, lesion, rng)
    inside = ramp(depth, -lesion.edge_width, lesion.edge_width)
    # Two maps decide where colours lie, each from both ends: areas of two colours never coincide.
    coarse, fine = canvas.noise(rng, 22), canvas.noise(rng, 60)
    mottle = 0.3 * coarse + 0.15 * fine
    cool, warm = canvas.noise(rng, 9) + mottle, canvas.noise(rng, 9) + mottle
    pattern = _pattern(canvas, lesion, rng, depth, cool)
    grain = (0.05 + 0.18 * lesion.atypia) * coarse + 0.09 * fine
    pigment = np.maximum(pattern + grain, 0.12) * lesion.melanin
    red = lesion.redness * ramp(-warm, 0.5, 1.3)
    veil = lesion.veil * ramp(cool, 0.2, 1.5) * ramp(depth, 0.05, 0.4)
    scar = lesion.scar * ramp(-cool, 0.5, 1.4) * ramp(depth, 0.02, 0.25)
    blotch = lesion.blotch * ramp(warm, 0.4, 1.1) * ramp(depth, -0.02, 0.12)
    melanin += inside * pigment * (1 - 0.5 * np.minimum(red, 1)) + blotch + veil / 2
    blood += inside * (0.08 + 0.6 * red)
    rgb = _UNPIGMENTED * np.exp(-_MELANIN * melanin - _BLOOD * blood)
    rgb += veil * (_VEIL * (1 + 0.12 * coarse) - rgb)
    rgb += scar * (_SCAR * (1 + 0.08 * coarse) - rgb)
    return np.asarray(rgb, np.float32)


def _outline(lesion: SyntheticLesion, rng: np.random.Generator) -> Plane:
    """Radius of the border over one turn from −π, float32 (steps,), in lesion units."""
    angle = np.linspace(-math.pi, math.pi, _OUTLINE_STEPS, endpoint=False)
    elongation, axis = rng.uniform(0.78, 1.0), rng.uniform(0, math.pi)
    ellipse = np.hypot(elongation * np.cos(angle - axis), np.sin(angle - axis))
    border = math.sqrt(elongation) / ellipse
    for wave in range(2, 18):
        height = (0.012 + 0.15 * lesion.atypia**1.5) / wave**0.9 * rng.normal()
        border *= 1 + height * np.cos(wave * angle + rng.uniform(0, 2 * math.pi))
    sector = rng.uniform(-math.pi, math.pi)
    for _ in range(rng.poisson(28 * max(0.0, lesion.atypia - 0.35))):
        away = np.remainder(angle - sector - 0.7 * rng.normal() + math.pi, 2 * math.pi) - math.pi
        border += rng.uniform(0.04, 0.16) * np.exp(-((away / rng.uniform(0.02, 0.05)) ** 2))
    return np.asarray(border * lesion.radius, np.float32)


def _depth(canvas: Canvas, lesion: SyntheticLesion, rng: np.random.Generator) -> Plane:
    """How far inside the border each pixel lies, in radii: 1 in the middle, below 0 outside."""
    outline = _outline(lesion, rng)
    turn = (np.arctan2(canvas.y, canvas.x) + math.pi) / (2 * math.pi)
    border = outline[(turn * _OUTLINE_STEPS).astype(np.intp) % _OUTLINE_STEPS]
    distance = np.sqrt(canvas.x**2 + canvas.y**2)
    ragged = (0.015 + 0.05 * lesion.atypia) * canvas.noise(rng, 26)
    frayed = (0.012 + 0.02 * lesion.atypia) * canvas.noise(rng, 70)
    return (border - distance) / lesion.radius + ragged + frayed


def _pattern(
    canvas: Canvas, lesion: SyntheticLesion, rng: np.random.Generator, depth: Plane, gaps: Plane
) -> Plane:
    """Relative pigment inside the border, float32 (side, side) about 1.

    A reader of patterns sees a network of lines, globules, or neither. With atypia lines thicken,
    are missing where `gaps` is high, and globules differ in size and crowd on one side.
    """
    atypia = lesion.atypia
    dark_side = rng.uniform(0, 2 * math.pi)
    slope = lesion.tilt / lesion.radius
    pattern = 1 + lesion.core * (ramp(depth, 0.25, 0.75) - 0.5)
    pattern += (slope * math.cos(dark_side)) * canvas.x
    pattern += (slope * math.sin(dark_side)) * canvas.y
    bend = 0.012 + 0.022 * atypia
    warp = (bend * canvas.noise(rng, 30), bend * canvas.noise(rng, 30))
    mesh = canvas.honeycomb(rng.uniform(0.055, 0.085), rng.uniform(0, math.pi), warp)
    lines = ramp(-mesh, -0.5 - 0.4 * atypia, 1.1) - 0.45
    kept = (1 - atypia * ramp(gaps, -0.2, 0.7)) * ramp(depth, 0.8 - 0.3 * atypia, 0.1)
    pattern += (lesion.network * (0.7 + 0.5 * atypia)) * lines * kept
    count = int(lesion.globules * rng.integers(40, 110))
    distance = 0.85 * lesion.radius * np.sqrt(rng.random(count))
    angle = dark_side + (1 - 0.55 * atypia) * rng.uniform(-math.pi, math.pi, count)
    centres = np.stack([distance * np.cos(angle), distance * np.sin(angle)], axis=1)
    radii = rng.uniform(0.015, 0.024, count) * np.exp(rng.normal(0, 0.1 + 0.4 * atypia, count))
    return pattern + 0.5 * canvas.dots(centres, radii)


def write_dataset(
    folder: Path,
    *,
    benign: int,
    malignant: int,
    seed: int,
    size_hw: tuple[int, int] = (224, 224),
    on_progress: Callable[[int], None] | None = None,
) -> list[Path]:
    """Write labelled pictures and their metadata, and return the pictures' paths.

    The folder holds `benign/*.jpg`, `malignant/*.jpg` and `metadata.csv` with the columns file
    (relative to the folder), label and lesion_id. About one lesion in ten has two pictures, so
    that a split must keep lesions together. It appears when it is complete: until then it is
    written beside, as `<folder>.partial`, where an interrupted run's remains are removed.

    Args:
        folder: Must not exist, or be empty.
        benign: Number of pictures with this label, 0 or more.
        malignant: Number of pictures with this label, 0 or more.
        seed: Which pictures; a larger set begins each label with the lesions of a smaller one.
        size_hw: Height and width of each picture in pixels.
        on_progress: Called after each picture with the number written so far.

    Raises:
        OutputExistsError: `folder` exists and is not empty.
    """
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise OutputExistsError(
            f"The data set needs a new or empty folder. Received: folder={folder}. "
            "Name another folder, or remove this one."
        )
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    for label in LABELS:
        (partial / label).mkdir(parents=True)
    written = []
    with (partial / "metadata.csv").open("w", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream)
        rows.writerow(["file", "label", "lesion_id"])
    return written
