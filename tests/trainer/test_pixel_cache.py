import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from edge_runtime.contract.manifest import Picture
from edge_runtime.contract.preprocess import Preprocessing, preprocess
from edge_runtime.errors import DatasetError
from trainer.pixel_cache import CachedPixels, default_root, open_pixel_cache

SPEC = Preprocessing(size_hw=(32, 40))
ROW_BYTES = 32 * 40 * 3


def draw(folder: Path, names: Sequence[str]) -> list[Picture]:
    """Writes a JPEG of its own for each name, the same for the same name."""
    return [describe(folder, name, draw_one(folder / name)) for name in names]


def draw_one(path: Path) -> bytes:
    rng = np.random.default_rng(list(path.name.encode()))
    coarse = Image.fromarray(rng.integers(0, 256, (6, 8, 3), np.uint8))
    path.parent.mkdir(parents=True, exist_ok=True)
    coarse.resize((64, 48), Image.Resampling.BICUBIC).save(path, "JPEG", quality=90)
    return path.read_bytes()


def describe(folder: Path, name: str, content: bytes | None = None) -> Picture:
    sha256 = hashlib.sha256(content or (folder / name).read_bytes()).hexdigest()
    return Picture(file=name, sha256=sha256, label="benign", group=sha256, split="train")


def numbered(count: int, start: int = 0) -> list[str]:
    return [f"{number:03d}.jpg" for number in range(start, start + count)]


def pixels_of(folder: Path, pictures: Sequence[Picture]) -> npt.NDArray[np.uint8]:
    return np.stack([preprocess(folder / p.file, SPEC) for p in pictures])


def everything(pixels: CachedPixels) -> npt.NDArray[np.uint8]:
    return pixels.rows(slice(None))


def remove(folder: Path, pictures: Sequence[Picture]) -> None:
    for picture in pictures:
        (folder / picture.file).unlink()


def the_file(root: Path, name: str) -> Path:
    (path,) = root.rglob(name)
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def test_pixels_are_those_of_preprocess_in_the_order_asked_for(data: Path, root: Path) -> None:
    pictures = draw(data, numbered(70))

    pixels, unusable = open_pixel_cache(data, pictures, SPEC, root=root)

    expected = pixels_of(data, pictures)
    assert unusable == {}
    assert len(pixels) == 70
    assert pixels.shape == (70, 32, 40, 3)
    np.testing.assert_array_equal(everything(pixels), expected)
    asked = np.array([69, 3, 3, 0, -1])
    np.testing.assert_array_equal(pixels.rows(asked), expected[asked])
    np.testing.assert_array_equal(pixels.rows(slice(5, 60, 7)), expected[5:60:7])


def test_rows_belong_to_the_caller(data: Path, root: Path) -> None:
    pixels, _ = open_pixel_cache(data, draw(data, numbered(2)), SPEC, root=root)

    before = everything(pixels)
    everything(pixels)[:] = 0

    np.testing.assert_array_equal(everything(pixels), before)


def test_a_picture_is_decoded_once(data: Path, root: Path) -> None:
    pictures = draw(data, numbered(6))
    expected = pixels_of(data, pictures)
    open_pixel_cache(data, pictures[:4], SPEC, root=root)
    remove(data, pictures[:4])

    pixels, unusable = open_pixel_cache(data, pictures, SPEC, root=root)

    assert unusable == {}
    np.testing.assert_array_equal(everything(pixels), expected)


def test_data_sets_share_the_pictures_that_they_share(
    data: Path, root: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    pictures, others = draw(data, numbered(5)), draw(other, numbered(5, start=3))
    expected = pixels_of(other, others)
    open_pixel_cache(data, pictures, SPEC, root=root)
    remove(other, others[:2])

    pixels, unusable = open_pixel_cache(other, others, SPEC, root=root)

    assert unusable == {}
    np.testing.assert_array_equal(everything(pixels), expected)
    assert the_file(root, "pixels.u8").stat().st_size == 8 * ROW_BYTES


def test_copies_of_a_picture_take_one_row_and_any_of_them_will_do(data: Path, root: Path) -> None:
    pictures = draw(data, ["a/lesion.jpg", "b/lesion.jpg", "c/lesion.jpg"])
    expected = pixels_of(data, pictures)
    remove(data, pictures[:1])

    pixels, unusable = open_pixel_cache(data, pictures, SPEC, root=root)

    assert unusable == {}
    np.testing.assert_array_equal(everything(pixels), expected)
    assert the_file(root, "pixels.u8").stat().st_size == ROW_BYTES


def test_another_size_has_its_own_rows(data: Path, root: Path) -> None:
    pictures = draw(data, numbered(3))
    open_pixel_cache(data, pictures, SPEC, root=root)
    larger = Preprocessing(size_hw=(48, 48))

    pixels, _ = open_pixel_cache(data, pictures, larger, root=root)

    expected = [preprocess(data / p.file, larger) for p in pictures]
    np.testing.assert_array_equal(everything(pixels), expected)


def test_another_pillow_decodes_anew(
    data: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = draw(data, numbered(2))
    open_pixel_cache(data, pictures, SPEC, root=root)
    remove(data, pictures)
    monkeypatch.setattr("trainer.pixel_cache.pillow_version", "99.0")

    _, unusable = open_pixel_cache(data, pictures, SPEC, root=root)

    assert sorted(unusable) == numbered(2)


def test_unusable_pictures_are_black_and_named(data: Path, root: Path) -> None:
    pictures = draw(data, numbered(4))
    changed, truncated = data / "001.jpg", data / "002.jpg"
    changed.write_bytes(changed.read_bytes() + b"\0")
    truncated.write_bytes(truncated.read_bytes()[:500])
    pictures[2] = describe(data, "002.jpg")

    pixels, unusable = open_pixel_cache(data, pictures, SPEC, root=root)

    assert sorted(unusable) == ["001.jpg", "002.jpg"]
    assert "Received: other bytes" in unusable["001.jpg"]
    assert "expected a whole picture" in unusable["002.jpg"]
    expected = pixels_of(data, [pictures[0], pictures[3]])
    np.testing.assert_array_equal(pixels.rows(np.array([0, 3])), expected)
    assert not pixels.rows(slice(1, 3)).any()
    assert the_file(root, "pixels.u8").stat().st_size == 2 * ROW_BYTES


def test_an_unusable_picture_is_tried_again(data: Path, root: Path) -> None:
    pictures = draw(data, numbered(2))
    away = (data / "001.jpg").rename(data / "away")
    _, unusable = open_pixel_cache(data, pictures, SPEC, root=root)
    assert sorted(unusable) == ["001.jpg"]
    away.rename(data / "001.jpg")

    pixels, unusable = open_pixel_cache(data, pictures, SPEC, root=root)

    assert unusable == {}
    np.testing.assert_array_equal(everything(pixels), pixels_of(data, pictures))


def test_a_set_without_one_usable_picture_is_all_black(data: Path, root: Path) -> None:
    pictures = draw(data, numbered(2))
    remove(data, pictures)

    pixels, unusable = open_pixel_cache(data, pictures, SPEC, root=root)

    assert sorted(unusable) == numbered(2)
    np.testing.assert_array_equal(everything(pixels), np.zeros((2, 32, 40, 3), np.uint8))


def test_no_pictures_are_no_rows(data: Path, root: Path) -> None:
    pixels, unusable = open_pixel_cache(data, [], SPEC, root=root)

    assert (len(pixels), everything(pixels).shape, unusable) == (0, (0, 32, 40, 3), {})


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"MELANOMA_CACHE": "/big", "XDG_CACHE_HOME": "/xdg"}, "/big"),
        ({"XDG_CACHE_HOME": "/xdg"}, "/xdg/melanoma-edge"),
        ({"XDG_CACHE_HOME": "relative"}, "/home/me/.cache/melanoma-edge"),
        ({}, "/home/me/.cache/melanoma-edge"),
    ],
)
def test_the_cache_is_kept_where_the_user_says(
    variables: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MELANOMA_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/me")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert default_root() == Path(expected)


def test_a_user_without_a_home_is_told_to_name_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in ("MELANOMA_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", no_home)

    with pytest.raises(DatasetError, match=r"Received: none .*Name a folder with --cache"):
        default_root()
