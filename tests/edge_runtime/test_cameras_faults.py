"""What drivers do on bad days: no frame that is old, black or frozen comes out as a new one."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from edge_runtime import live_source
from edge_runtime.live_source import LiveSource

Pixels = npt.NDArray[np.uint8]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_source, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(live_source, "LONGEST_WAIT_S", 0.02)
    monkeypatch.setattr(live_source, "FROZEN_S", 0.05)


def picture(seed: int, level: int = 120) -> Pixels:
    noise = np.random.default_rng(seed).integers(0, 5, (48, 64, 3))
    return (level + noise).astype(np.uint8)


class Scripted:
    """A camera that does what it is told, and goes on with the last of it for ever."""

    def __init__(self, script: Sequence[Any]) -> None:
        self.script = list(script)
        self.connections = 0

    def connect(self) -> "Scripted":
        self.connections += 1
        return self

    def read(self) -> Pixels | None:
        time.sleep(0.002)
        action = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(action, Exception):
            raise action
        pixels: Pixels | None = action() if callable(action) else action
        return pixels

    def release(self) -> None:
        pass


Watch = Callable[[Sequence[Any]], tuple[LiveSource, Scripted]]


@pytest.fixture
def watch() -> Iterator[Watch]:
    opened = []

    def begin(script: Sequence[Any]) -> tuple[LiveSource, Scripted]:
        camera = Scripted(script)
        source = LiveSource("scripted", camera.connect)
        source.open()
        opened.append(source)
        return source, camera

    yield begin
    for source in opened:
        source.close()


def noise() -> Pixels:
    return picture(int(time.monotonic_ns() % 2**32))


def black() -> Pixels:
    return picture(int(time.monotonic_ns() % 2**32), level=0)


def wait_for(condition: Callable[[], Any]) -> Any:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.001)
    raise AssertionError("it did not happen in time")


def test_black_pictures_are_named_and_none_is_handed_out(watch: Watch) -> None:
    source, camera = watch([black])
    wait_for(lambda: source.problem == "the picture is black")
    assert source.newest() is None
    camera.script = [noise]
    assert wait_for(source.newest).number == 1
    assert source.problem is None


def test_a_black_picture_takes_back_the_frame_before_it(watch: Watch) -> None:
    source, _ = watch([picture(1), black])
    wait_for(lambda: source.problem == "the picture is black")
    assert source.newest() is None


def test_a_driver_that_raises_is_asked_again(watch: Watch) -> None:
    source, camera = watch([picture(1), RuntimeError("dequeue timer expired"), noise])
    wait_for(lambda: camera.connections == 2)
    assert wait_for(lambda: (found := source.newest()) and found.number > 1)


def test_a_driver_that_fails_for_good_says_why(watch: Watch) -> None:
    source, camera = watch([RuntimeError("no such sensor")])
    wait_for(lambda: camera.connections > 3)
    assert source.problem == "no such sensor"
    assert source.newest() is None


def test_a_frozen_camera_is_connected_again_and_its_old_picture_is_not_new(watch: Watch) -> None:
    source, camera = watch([picture(1)])
    assert wait_for(source.newest).number == 1
    wait_for(lambda: camera.connections > 2)
    assert source.problem == "the picture is frozen"
    assert source.newest() is None
    camera.script = [noise]
    assert wait_for(source.newest).number > 1


def test_a_read_that_takes_long_is_named(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_source, "MAX_AGE_S", 0.05)
    monkeypatch.setattr(live_source, "_CLOSE_S", 0.05)
    source, _ = watch([picture(1), lambda: time.sleep(3600)])
    wait_for(lambda: (source.problem or "").startswith("no frame for"))
    assert source.newest() is None
