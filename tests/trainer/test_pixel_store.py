import errno
import hashlib
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from edge_runtime.contract.manifest import Picture
from edge_runtime.contract.preprocess import Preprocessing, preprocess
from edge_runtime.errors import DatasetError
from trainer.pixel_cache import open_pixel_cache

SPEC = Preprocessing(size_hw=(32, 40))
ROW_BYTES = 32 * 40 * 3
NAME_BYTES = 36
PACKAGES = Path(__file__).parents[2]
# Opens a cache as another process does: data set, cache, bytes a file may have, pictures.
OPEN = """
    import logging, pathlib, resource, signal, sys
    from edge_runtime.contract.manifest import Picture
    from edge_runtime.contract.preprocess import Preprocessing
    from edge_runtime.errors import DatasetError
    from trainer.pixel_cache import open_pixel_cache
    # A test that runs in the background may have been told to ignore it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    folder, root, limit, *named = sys.argv[1:]
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
    pictures = [
        Picture(file=name, sha256=sha256, label="benign", group=sha256, split="train")
        for name, sha256 in (text.split("=") for text in named)
    ]
    spec = Preprocessing(size_hw=(32, 40))
    try:
        _, unusable = open_pixel_cache(
            pathlib.Path(folder), pictures, spec, root=pathlib.Path(root)
        )
    except DatasetError as error:
        sys.exit(f"refused: {error}")
    sys.exit(3 if unusable else 0)
"""


def draw(folder: Path, count: int) -> list[Picture]:
    """Writes JPEGs, each of its own."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(count):
        coarse = Image.fromarray(rng.integers(0, 256, (6, 8, 3), np.uint8))
        smooth = coarse.resize((64, 48), Image.Resampling.BICUBIC)
        smooth.save(folder / f"{number:03d}.jpg", quality=90)
    return [describe(path) for path in sorted(folder.iterdir())]


def describe(path: Path) -> Picture:
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return Picture(file=path.name, sha256=sha256, label="benign", group=sha256, split="train")


def pixels_of(folder: Path, pictures: Sequence[Picture]) -> npt.NDArray[np.uint8]:
    return np.stack([preprocess(folder / p.file, SPEC) for p in pictures])


def require_pixels(
    folder: Path, root: Path, pictures: Sequence[Picture], expected: npt.NDArray[np.uint8]
) -> None:
    """Opens the cache, decoding what it lacks, and compares every byte."""
    pixels, unusable = open_pixel_cache(folder, pictures, SPEC, root=root)
    assert unusable == {}
    np.testing.assert_array_equal(pixels.rows(slice(None)), expected)


def remove(folder: Path, pictures: Sequence[Picture]) -> None:
    for picture in pictures:
        (folder / picture.file).unlink()


def the_file(root: Path, name: str) -> Path:
    (path,) = root.rglob(name)
    return path


def start_process(
    folder: Path, root: Path, pictures: Sequence[Picture], limit: int = 10**12
) -> subprocess.Popen[str]:
    named = [f"{p.file}={p.sha256}" for p in pictures]
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(OPEN), str(folder), str(root), str(limit), *named],
        cwd=PACKAGES,
        stderr=subprocess.PIPE,
        text=True,
    )


def replace_by_pipe(path: Path) -> bytes:
    """Makes whoever reads the picture wait until it is fed; returns what it held."""
    content = path.read_bytes()
    path.unlink()
    os.mkfifo(path)
    return content


def open_once_read(pipe: Path) -> BinaryIO:
    """The pipe, for writing, as soon as a process reads it; fails after a minute."""
    for _ in range(600):
        try:
            return os.fdopen(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK), "wb")
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            time.sleep(0.1)
    pytest.fail("nobody reads the picture")


def wait_for_names(root: Path) -> None:
    """Returns as soon as a process has kept rows; fails after a minute."""
    for _ in range(600):
        if any(path.stat().st_size for path in root.rglob("names.bin")):
            return
        time.sleep(0.1)
    pytest.fail("no row was kept")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
def test_a_process_that_is_stopped_leaves_what_it_has_decoded(
    data: Path, root: Path, sent: signal.Signals
) -> None:
    pictures = draw(data, 200)
    expected = pixels_of(data, pictures)
    stuck = data / "150.jpg"
    content = replace_by_pipe(stuck)
    with start_process(data, root, pictures) as process:
        feed = open_once_read(stuck)
        wait_for_names(root)
        process.send_signal(sent)
        feed.close()
        process.communicate()
    assert process.returncode == -sent
    stuck.unlink()
    stuck.write_bytes(content)
    remove(data, pictures[:64])

    require_pixels(data, root, pictures, expected)


def test_what_was_reserved_is_given_back_on_ctrl_c(data: Path, root: Path) -> None:
    pictures = draw(data, 200)
    replace_by_pipe(data / "150.jpg")
    with start_process(data, root, pictures) as process:
        feed = open_once_read(data / "150.jpg")
        wait_for_names(root)
        process.send_signal(signal.SIGINT)
        feed.close()
        process.communicate()

    names, pixels = (the_file(root, name).stat() for name in ("names.bin", "pixels.u8"))
    assert pixels.st_size // ROW_BYTES == names.st_size // NAME_BYTES < 200


@pytest.mark.parametrize("lost_bytes", [1, 4, 35, 36, 37, 90, 36 * 8])
def test_a_name_that_was_cut_short_does_not_count(data: Path, root: Path, lost_bytes: int) -> None:
    pictures = draw(data, 8)
    open_pixel_cache(data, pictures, SPEC, root=root)
    names = the_file(root, "names.bin")
    os.truncate(names, names.stat().st_size - lost_bytes)

    require_pixels(data, root, pictures, pixels_of(data, pictures))

    assert names.stat().st_size == 8 * NAME_BYTES


def test_rows_that_are_not_in_the_file_do_not_count(data: Path, root: Path) -> None:
    pictures = draw(data, 16)
    expected = pixels_of(data, pictures)
    open_pixel_cache(data, pictures[:8], SPEC, root=root)
    os.truncate(the_file(root, "pixels.u8"), 3 * ROW_BYTES + 1)
    remove(data, pictures[:3])

    # Rows that are added next must not make the lost ones look as if they were there.
    require_pixels(data, root, pictures[8:], expected[8:])
    require_pixels(data, root, pictures, expected)


def test_a_damaged_name_does_not_count(data: Path, root: Path) -> None:
    pictures = draw(data, 4)
    open_pixel_cache(data, pictures[:3], SPEC, root=root)
    names = the_file(root, "names.bin")
    content = bytearray(names.read_bytes())
    content[:NAME_BYTES] = bytes(NAME_BYTES)  # as a power failure may leave it
    content[NAME_BYTES : NAME_BYTES + 32] = bytes.fromhex(pictures[3].sha256)
    names.write_bytes(content)

    require_pixels(data, root, pictures, pixels_of(data, pictures))


def test_a_full_disk_is_named_and_costs_nothing_that_was_there(data: Path, root: Path) -> None:
    pictures = draw(data, 40)
    expected = pixels_of(data, pictures)
    open_pixel_cache(data, pictures[:10], SPEC, root=root)

    with start_process(data, root, pictures, limit=25 * ROW_BYTES) as process:
        _, said = process.communicate()

    assert process.returncode == 1
    assert re.search(
        r"refused: expected 1 MB free in '.*cache.*' for decoded pictures\. "
        r"Received: .+, \d+ MB free\. Name another folder with --cache, or free space\.",
        said,
    )
    assert the_file(root, "pixels.u8").stat().st_size == 10 * ROW_BYTES
    remove(data, pictures[:10])
    require_pixels(data, root, pictures, expected)


def test_a_folder_that_cannot_be_written_is_named(data: Path, root: Path) -> None:
    root.write_text("a file, not a folder")

    with pytest.raises(DatasetError, match=r"Received: '.*cache.*': .+\. Name another .*--cache"):
        open_pixel_cache(data, draw(data, 1), SPEC, root=root)


def test_a_second_process_waits_and_says_so(data: Path, root: Path) -> None:
    pictures = draw(data, 4)
    expected = pixels_of(data, pictures)
    content = replace_by_pipe(data / "002.jpg")
    with start_process(data, root, pictures[:3]) as first:
        feed = open_once_read(data / "002.jpg")  # from here on the first process has the lock
        with start_process(data, root, [*pictures[:2], pictures[3]]) as second:
            said = second.stderr.readline() if second.stderr else ""
            feed.write(content)
            feed.close()
            second.communicate()
        first.communicate()
    assert "waiting for another process" in said
    assert (first.returncode, second.returncode) == (0, 0)
    remove(data, pictures)

    require_pixels(data, root, pictures, expected)

    assert the_file(root, "pixels.u8").stat().st_size == 4 * ROW_BYTES


def test_processes_that_fill_a_cache_at_once_do_not_disturb_each_other(
    data: Path, root: Path
) -> None:
    pictures = draw(data, 150)
    expected = pixels_of(data, pictures)
    parts = (pictures[:100], pictures[50:], pictures[100:] + pictures[:50])
    for process in [start_process(data, root, part) for part in parts]:
        with process:
            process.communicate()
        assert process.returncode == 0
    remove(data, pictures)

    require_pixels(data, root, pictures, expected)

    assert the_file(root, "pixels.u8").stat().st_size == 150 * ROW_BYTES


def test_a_complete_cache_is_read_without_a_lock(data: Path, root: Path) -> None:
    pictures = draw(data, 3)
    expected = pixels_of(data, pictures)
    open_pixel_cache(data, pictures, SPEC, root=root)
    lock = the_file(root, "lock")
    lock.unlink()

    require_pixels(data, root, pictures, expected)

    assert not lock.exists()
