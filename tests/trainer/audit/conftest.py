"""Data sets with planted copies: drawn lesions in two splits, and ways to copy a picture."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from edge_runtime.synthetic import draw_lesion

Copy = Callable[[Image.Image], Image.Image]
Save = Callable[..., None]


def cropped(image: Image.Image, share: float = 0.02) -> Image.Image:
    width, height = image.size
    left, top = round(width * share), round(height * share)
    return image.crop((left, top, width - left, height - top))


_COPIES: dict[str, Copy] = {
    "encoded": lambda image: image,
    "cropped": cropped,
    "mirrored": ImageOps.mirror,
    "turned": lambda image: image.transpose(Image.Transpose.ROTATE_90),
    "dimmed": lambda image: image.point(lambda value: value * 0.8),
    "shrunk": lambda image: image.resize((image.width // 2, image.height // 2)),
    "mirrored and cropped": lambda image: ImageOps.mirror(cropped(image)),
}


def write_jpeg(path: Path, image: Image.Image, quality: int = 92) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    path.write_bytes(buffer.getvalue())


@pytest.fixture(scope="session")
def save() -> Save:
    """Writes a JPEG: ``save(path, image, quality)``."""
    return write_jpeg


@pytest.fixture(scope="session")
def copies() -> dict[str, Copy]:
    """Ways to copy a picture that must be found, by name."""
    return _COPIES


@pytest.fixture(scope="session")
def drawn() -> list[Image.Image]:
    """24 drawn lesions of both kinds, no two alike."""
    labels = ("benign", "malignant")
    return [Image.fromarray(draw_lesion(labels[i % 2], 50 + i, (160, 160))) for i in range(24)]


@pytest.fixture
def split_set(tmp_path: Path, drawn: list[Image.Image]) -> Path:
    """The drawn lesions, the first 16 in train/ and the others in test/, without any leak."""
    for i, image in enumerate(drawn):
        label = ("benign", "malignant")[i % 2]
        write_jpeg(
            tmp_path / "data" / ("train" if i < 16 else "test") / label / f"{i:02d}.jpg", image
        )
    return tmp_path / "data"
