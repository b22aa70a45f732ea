"""Ways in which a picture gets worse, with a strength that has a unit."""

import io
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from edge_runtime.contract.preprocess import Pixels

# Optical density of melanin in a camera's red, green and blue, as edge_runtime.synthetic has it.
_MELANIN_RGB = np.array([0.55, 0.72, 1.0])
_INKS_RGB = {"violet": (70, 45, 130), "blue": (30, 70, 150)}
# Of paper and of the ticks on it.
_RULERS_RGB = {"white": ((232, 232, 228), (30, 30, 35)), "blue": ((170, 200, 225), (60, 100, 160))}


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change of a picture.

    Attributes:
        kind: What is done.
        strength: How much, with its unit.
        apply: From uint8 pixels (H, W, 3) and a random generator to such pixels.
        unfit: Whether the result should be sent back; False where it should still be scored; None
            where neither is asked for, and the share is only stated.
    """

    kind: str
    strength: str
    apply: Callable[[Pixels, np.random.Generator], Pixels]
    unfit: bool | None


def changes() -> list[Change]:
    """All changes that are measured."""
    return [
        *(_blur(share, unfit=share >= 0.009 or None) for share in _BLURS),
        *(_motion(share, unfit=share >= 0.06 or None) for share in (0.02, 0.04, 0.06, 0.09)),
        Change(kind="blur, then noise 2 and JPEG 75", strength="1.3 %", apply=_shaken, unfit=True),
        *(_stops(stops, unfit=abs(stops) >= 2 or None) for stops in _STOPS),
        *(_gamma(value) for value in (0.4, 2.5)),
        *(_glare(share, unfit=share >= 0.15 or None) for share in (0.05, 0.15, 0.25)),
        *(_rim(share, unfit=share >= 0.6) for share in (0.25, 0.41, 0.6, 0.75)),
        *(_rim(share, unfit=False, softness=0.03) for share in (0.25, 0.41)),
        *(_thumbnail(factor, unfit=factor >= 3 or None) for factor in (2, 3, 4)),
        *(_flat(level) for level in (0, 128, 255)),
        *(_pen(ink, width) for ink in _INKS_RGB for width in (0.015, 0.03)),
        *(_ruler(paper) for paper in _RULERS_RGB),
        *(_jpeg(quality) for quality in (85, 60)),
        *(_noise(levels) for levels in (2, 4)),
        *(_resized(side) for side in (150, 299, 448)),
        *(_darker_skin(density) for density in _MELANIN),
        *(_darker_skin(density, exposed=True) for density in _MELANIN),
    ]


_BLURS = (0.0045, 0.0067, 0.009, 0.013, 0.022, 0.045)
_MELANIN = (0.5, 1.0, 1.5, 2.0)
_STOPS = (-3.0, -2.0, -1.5, -1.0, 1.0, 1.5, 2.0, 3.0)


def to_linear(pixels: Pixels) -> npt.NDArray[np.float64]:
    """Light in 0 to 1 of sRGB values, by IEC 61966-2-1."""
    value = np.arange(256) / 255
    table = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    return np.asarray(table[pixels])


def from_linear(light: npt.NDArray[np.float64]) -> Pixels:
    """Values of light in sRGB; what is above 1 clips."""
    light = np.clip(light, 0, 1)
    value = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.asarray(value * 255 + 0.5).astype(np.uint8)


def darken_skin(pixels: Pixels, density: float, *, exposed: bool = False) -> Pixels:
    """The picture through a layer of melanin of that optical density (in blue; less in red).

    With ``exposed`` the camera makes up for it: red is as bright as before.
    """
    light = to_linear(pixels) * np.exp(-density * _MELANIN_RGB)
    return from_linear(light * np.exp(density * _MELANIN_RGB[0]) if exposed else light)


def gaussian(pixels: Pixels, share: float) -> Pixels:
    """Blurred with a standard deviation of that share of the width."""
    radius = share * pixels.shape[1]
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(radius)))


def _blur(share: float, *, unfit: bool | None) -> Change:
    return Change(
        kind="Gaussian blur",
        strength=f"{share:.2%} of width",
        apply=lambda pixels, _: gaussian(pixels, share),
        unfit=unfit,
    )


def _motion(share: float, *, unfit: bool | None) -> Change:
    def apply(pixels: Pixels, rng: np.random.Generator) -> Pixels:
        length, angle = max(2, round(share * pixels.shape[1])), rng.uniform(0, math.pi)
        total = np.zeros(pixels.shape)
        for along in np.linspace(-length / 2, length / 2, 2 * length):
            matrix = (1, 0, along * math.cos(angle), 0, 1, along * math.sin(angle))
            image = Image.fromarray(pixels)
            moved = image.transform(
                image.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR
            )
            total += np.asarray(moved)
        # The margin that moved in is black: cut it off.
        cut = length // 2 + 1
        mean = (total / (2 * length) + 0.5).astype(np.uint8)[cut:-cut, cut:-cut]
        return np.ascontiguousarray(mean)

    return Change(kind="motion blur", strength=f"{share:.0%} of width", apply=apply, unfit=unfit)


def _shaken(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    return _as_jpeg(_with_noise(gaussian(pixels, 0.013), 2, rng), 75)


def _stops(stops: float, *, unfit: bool | None) -> Change:
    return Change(
        kind="exposure",
        strength=f"{stops:+.1f} stops",
        apply=lambda pixels, _: from_linear(to_linear(pixels) * 2.0**stops),
        unfit=unfit,
    )


def _gamma(value: float) -> Change:
    table = (255 * (np.arange(256) / 255) ** value + 0.5).astype(np.uint8)
    return Change(
        kind="gamma", strength=f"{value}", apply=lambda pixels, _: table[pixels], unfit=None
    )


def _glare(share: float, *, unfit: bool | None) -> Change:
    def apply(pixels: Pixels, rng: np.random.Generator) -> Pixels:
        height, width = pixels.shape[:2]
        # One soft spot, white in its middle; `share` is the part that is fully white.
        radius = math.sqrt(share * height * width / math.pi)
        y, x = np.mgrid[:height, :width]
        centre = rng.uniform(0.35, 0.65, 2) * (height, width)
        distance = np.hypot(y - centre[0], x - centre[1])[..., None]
        white = np.clip((1.3 * radius - distance) / (0.3 * radius), 0, 1)
        return np.asarray(pixels + (255 - pixels) * white + 0.5).astype(np.uint8)

    return Change(kind="glare", strength=f"{share:.0%} white", apply=apply, unfit=unfit)


def _rim(share: float, *, unfit: bool, softness: float = 0.0) -> Change:
    def apply(pixels: Pixels, _: np.random.Generator) -> Pixels:
        height, width = pixels.shape[:2]
        y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
        distance = np.hypot(y, x)
        beyond = distance - np.quantile(distance, 1 - share)
        light = 0.5 - beyond / (2 * softness) if softness else beyond <= 0
        return np.asarray(pixels * np.clip(light, 0, 1)[..., None]).astype(np.uint8)

    strength = f"{share:.0%}" + (f", soft over {softness:.0%} of the width" if softness else "")
    return Change(kind="dark rim", strength=strength, apply=apply, unfit=unfit)


def _thumbnail(factor: int, *, unfit: bool | None) -> Change:
    def apply(pixels: Pixels, _: np.random.Generator) -> Pixels:
        image = Image.fromarray(pixels)
        small = image.resize((image.width // factor, image.height // factor))
        return np.asarray(small.resize(image.size, Image.Resampling.BILINEAR))

    return Change(kind="enlarged", strength=f"{factor}×", apply=apply, unfit=unfit)


def _flat(level: int) -> Change:
    def apply(pixels: Pixels, rng: np.random.Generator) -> Pixels:
        return _with_noise(np.full_like(pixels, level), 2, rng)

    return Change(kind="flat frame", strength=f"grey level {level}", apply=apply, unfit=True)


def _pen(ink: str, width: float) -> Change:
    def apply(pixels: Pixels, rng: np.random.Generator) -> Pixels:
        image = Image.fromarray(pixels)
        layer = Image.new("L", image.size)
        around = [
            (
                image.width * (0.5 + 0.4 * math.cos(turn)),
                image.height * (0.5 + 0.4 * math.sin(turn)),
            )
            for turn in np.linspace(0, math.pi, 20) + rng.uniform(0, 2 * math.pi)
        ]
        line_width = max(round(width * image.width), 1)
        ImageDraw.Draw(layer).line(around, fill=200, width=line_width, joint="curve")
        image.paste(_INKS_RGB[ink], mask=layer.filter(ImageFilter.GaussianBlur(1)))
        return np.asarray(image)

    return Change(kind=f"{ink} pen stroke", strength=f"{width:.1%} wide", apply=apply, unfit=True)


def _ruler(paper: str) -> Change:
    def apply(pixels: Pixels, rng: np.random.Generator) -> Pixels:
        paper_rgb, tick_rgb = _RULERS_RGB[paper]
        margin = int(rng.integers(4))
        image = Image.fromarray(np.rot90(pixels, margin))
        draw = ImageDraw.Draw(image)
        edge = round(rng.uniform(0.12, 0.2) * image.width)
        draw.rectangle((0, 0, edge, image.height), fill=paper_rgb)
        spacing = rng.uniform(0.04, 0.1) * image.height
        for number, place in enumerate(np.arange(rng.uniform(0, spacing), image.height, spacing)):
            length = edge * (0.8 if number % 5 == 0 else 0.45)
            ends = (edge - length, place, edge, place)
            draw.line(ends, fill=tick_rgb, width=max(round(0.01 * image.width), 1))
        return _with_noise(np.rot90(np.asarray(image), -margin), 2, rng)

    return Change(kind="ruler", strength=f"{paper} paper", apply=apply, unfit=True)


def _as_jpeg(pixels: Pixels, quality: int) -> Pixels:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


def _jpeg(quality: int) -> Change:
    return Change(
        kind="JPEG again",
        strength=f"quality {quality}",
        apply=lambda pixels, _: _as_jpeg(pixels, quality),
        unfit=False,
    )


def _with_noise(pixels: Pixels, levels: float, rng: np.random.Generator) -> Pixels:
    return np.clip(pixels + rng.normal(0, levels, pixels.shape) + 0.5, 0, 255).astype(np.uint8)


def _noise(levels: int) -> Change:
    return Change(
        kind="sensor noise",
        strength=f"{levels} grey levels",
        apply=lambda pixels, rng: _with_noise(pixels, levels, rng),
        unfit=False,
    )


def _resized(side: int) -> Change:
    def apply(pixels: Pixels, _: np.random.Generator) -> Pixels:
        image = Image.fromarray(pixels).resize((side, side), Image.Resampling.BILINEAR)
        return np.asarray(image)

    return Change(kind="resized", strength=f"{side} pixels", apply=apply, unfit=False)


def _darker_skin(density: float, *, exposed: bool = False) -> Change:
    return Change(
        kind="darker skin, exposed for it" if exposed else "darker skin, same light",
        strength=f"melanin {density}",
        apply=lambda pixels, _: darken_skin(pixels, density, exposed=exposed),
        unfit=False,
    )
