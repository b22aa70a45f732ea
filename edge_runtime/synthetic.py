"""Draws lesion-like pictures for demos, golden cases and tests: invented, not data of patients.

What a picture shows follows the lesion's `atypia`, a number from 0 to 1: how irregular its outline
is, how many of the six colours of the ABCD rule it has (white, red, light brown, dark brown,
blue-grey, black: Stolz et al., Eur J Dermatol 1994) and how broken its pattern. The label decides
only from which of two overlapping distributions atypia is drawn, so that no classifier can be
perfect. A score on these pictures says that the software works, and nothing about skin.

For one seed both labels share skin, light and hairs, and differ in the lesion alone. Pixels are
equal between runs on one machine; another build of numpy may round a grey level otherwise.
"""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from edge_runtime.synthetic_skin import Canvas, Plane, photograph, ramp, skin

LABELS = ("benign", "malignant")

# Parameters of atypia's beta distributions: a reader who knew it would reach an AUC of 0.985.
_ATYPIA_BETA = {"benign": (2.0, 6.0), "malignant": (6.0, 2.0)}

# Optical density of one unit of pigment at 610, 540 and 465 nm, about a camera's three bands.
# Melanin absorbs as a power of the wavelength (https://omlc.org/spectra/melanin/mua.html, Jacques
# 1998), here 2.2 instead of 3.48: bands are broad and pixel values gamma-encoded.
_MELANIN_RGB = (0.55, 0.72, 1.0)
_BLOOD_RGB = (0.12, 0.62, 0.50)
_UNPIGMENTED_RGB = (0.97, 0.93, 0.90)
_VEIL_RGB = (0.37, 0.41, 0.48)
_SCAR_RGB = (0.88, 0.77, 0.74)

# Smaller pictures are drawn at a multiple and averaged down: the finest structures would alias.
_MIN_DRAWN_SIDE = 192
_OUTLINE_STEPS = 1024
_SKIN_STREAM, _LESION_STREAM, _VIEW_STREAM, DATASET_STREAM = range(4)


def random_stream(seed: int, stream: int, index: int = 0) -> np.random.Generator:
    """A generator of its own for each seed, purpose and index."""
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
        tilt: How much the pigment thickens per unit of length towards the dark side.
        dark_side: Direction of the dark side, in radians.
        network: Strength of the network of lines, 0 to 1.
        globules: Strength of the pattern of globules, 0 to 1.
        blotch: Optical density of the black areas.
        redness: Density of the blood in the red areas.
        veil: Opacity of the blue-grey veil, 0 to 1.
        scar: Opacity of the white areas of regression, 0 to 1.
    """

    atypia: float
    radius: float
    edge_width: float
    melanin: float
    core: float
    tilt: float
    dark_side: float
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
            tilt=rng.uniform(0.4, 1.6) * atypia,
            dark_side=rng.uniform(0, 2 * math.pi),
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
        ValueError: `label`, `seed`, `size_hw` or `view` is impossible.
    """
    if label not in LABELS:
        raise ValueError(f"Expected a label of {LABELS}. Received: label={label!r}. Pass one.")
    if min(size_hw) < 1:
        raise ValueError(
            f"Expected height and width of 1 or more. Received: size_hw={size_hw}. Pass pixels."
        )
    oversampling = -(-_MIN_DRAWN_SIDE // max(size_hw))
    light = random_stream(seed, _VIEW_STREAM, view)
    canvas = Canvas(
        side=max(size_hw) * oversampling,
        rotation=light.uniform(0, 2 * math.pi),
        shift=(light.normal(0, 0.06), light.normal(0, 0.06)),
        zoom=light.uniform(0.85, 1.2),
    )
    blur = max(0.0, light.uniform(-0.006, 0.010)) / canvas.pixel
    rgb = photograph(_paint(canvas, seed, label), canvas, light).clip(0, 1)
    pixels = (rgb * 255 + 0.5).astype(np.uint8)
    picture = Image.fromarray(np.ascontiguousarray(pixels.transpose(1, 2, 0)))
    picture = picture.filter(ImageFilter.BoxBlur(blur)).reduce(oversampling)
    top, left = ((max(size_hw) - extent) // 2 for extent in size_hw)
    return np.asarray(picture)[top : top + size_hw[0], left : left + size_hw[1]].copy()


def _paint(canvas: Canvas, seed: int, label: str) -> Plane:
    """Skin and lesion in even light, float32 (3, side, side), RGB in [0, 1]."""
    rng = random_stream(seed, _LESION_STREAM, LABELS.index(label))
    lesion = SyntheticLesion.sample(label, rng)
    melanin, blood = skin(canvas, random_stream(seed, _SKIN_STREAM))
    coarse, fine = canvas.noise(rng, 24), canvas.noise(rng, 60)
    depth = _depth(canvas, lesion, rng)
    depth += (0.015 + 0.05 * lesion.atypia) * coarse + (0.015 + 0.02 * lesion.atypia) * fine
    inside = ramp(depth, -lesion.edge_width, lesion.edge_width)
    # Two maps place the colours, each from both ends: blue-grey never meets white, nor red black.
    mottle = 0.3 * coarse + 0.15 * fine
    cool, warm = canvas.noise(rng, 9) + mottle, canvas.noise(rng, 9) + mottle
    pattern = _network(canvas, lesion, rng, depth, cool) + _globules(canvas, lesion, rng)
    pattern += (0.05 + 0.18 * lesion.atypia) * coarse + 0.09 * fine
    pigment = np.maximum(pattern, 0.12) * lesion.melanin
    red = lesion.redness * ramp(-warm, 0.5, 1.3)
    veil = lesion.veil * ramp(cool, 0.2, 1.5) * ramp(depth, 0.05, 0.4)
    scar = lesion.scar * ramp(-cool, 0.5, 1.4) * ramp(depth, 0.02, 0.25)
    blotch = lesion.blotch * ramp(warm, 0.4, 1.1) * ramp(depth, -0.02, 0.12)
    melanin += inside * pigment * (1 - 0.5 * np.minimum(red, 1)) + blotch + veil / 2
    blood += inside * (0.08 + 0.6 * red)
    shade = 1 + 0.1 * coarse
    rgb = np.empty((3, canvas.side, canvas.side), np.float32)
    # Channel by channel: planes of one channel stay in the processor's cache.
    for band, plane in enumerate(rgb):
        tissue = np.exp(-_MELANIN_RGB[band] * melanin - _BLOOD_RGB[band] * blood)
        tissue *= _UNPIGMENTED_RGB[band]
        tissue += veil * (_VEIL_RGB[band] * shade - tissue)
        plane[:] = tissue + scar * (_SCAR_RGB[band] * shade - tissue)
    return rgb


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
    turn = (np.arctan2(canvas.y, canvas.x) + math.pi) / (2 * math.pi)
    border = _outline(lesion, rng)[(turn * _OUTLINE_STEPS).astype(np.intp) % _OUTLINE_STEPS]
    distance = np.sqrt(canvas.x**2 + canvas.y**2)
    return np.asarray((border - distance) / lesion.radius, np.float32)


def _network(
    canvas: Canvas, lesion: SyntheticLesion, rng: np.random.Generator, depth: Plane, gaps: Plane
) -> Plane:
    """Relative pigment of the lesion's body and network, float32 (side, side) about 1.

    With atypia the lines thicken, wander, and are missing where `gaps` is high.
    """
    atypia = lesion.atypia
    towards = math.cos(lesion.dark_side) * canvas.x + math.sin(lesion.dark_side) * canvas.y
    body = 1 + lesion.core * (ramp(depth, 0.25, 0.75) - 0.5) + lesion.tilt * towards
    bend = 0.012 + 0.022 * atypia
    warp = (bend * canvas.noise(rng, 30), bend * canvas.noise(rng, 30))
    mesh = canvas.honeycomb(rng.uniform(0.055, 0.085), rng.uniform(0, math.pi), warp)
    lines = ramp(-mesh, -0.5 - 0.4 * atypia, 1.1) - 0.45
    kept = (1 - atypia * ramp(gaps, -0.2, 0.7)) * ramp(depth, 0.8 - 0.3 * atypia, 0.1)
    return np.asarray(body + lesion.network * (0.7 + 0.5 * atypia) * lines * kept, np.float32)


def _globules(canvas: Canvas, lesion: SyntheticLesion, rng: np.random.Generator) -> Plane:
    """Relative pigment of the globules; with atypia they differ in size and crowd on one side."""
    count = int(lesion.globules * rng.integers(40, 110))
    distance = 0.85 * lesion.radius * np.sqrt(rng.random(count))
    spread = (1 - 0.55 * lesion.atypia) * math.pi
    angle = lesion.dark_side + rng.uniform(-spread, spread, count)
    centres = np.stack([distance * np.cos(angle), distance * np.sin(angle)], axis=1)
    uneven = np.exp((0.1 + 0.4 * lesion.atypia) * rng.standard_normal(count))
    return np.asarray(0.5 * canvas.dots(centres, rng.uniform(0.015, 0.024, count) * uneven))
