"""Pictures that come into a folder are assessed once, when they are whole."""

import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from edge_runtime.errors import DeviceError
from edge_runtime.service import UNIT, command_line, install_unit, unit_text
from edge_runtime.synthetic import draw_lesion
from edge_runtime.watch import watch_folder

POLL_S = 0.02


def picture(path: Path, seed: int = 1) -> Path:
    Image.fromarray(draw_lesion("benign", seed, (96, 96))).save(path)
    return path


@pytest.fixture
def stop() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def test_new_pictures_are_handed_out_once(tmp_path: Path, stop: threading.Event) -> None:
    picture(tmp_path / "old.png")
    pictures = watch_folder(tmp_path, stop, poll_s=POLL_S)
    writer = threading.Timer(
        0.1, lambda: (picture(tmp_path / "a.png"), picture(tmp_path / "b.png"))
    )
    writer.start()
    assert {next(pictures).name, next(pictures).name} == {"a.png", "b.png"}
    threading.Timer(0.2, stop.set).start()
    assert list(pictures) == []


def test_what_lies_there_comes_first_if_asked_for(tmp_path: Path, stop: threading.Event) -> None:
    picture(tmp_path / "old.png")
    assert next(watch_folder(tmp_path, stop, poll_s=POLL_S, existing=True)).name == "old.png"


def test_a_dicom_file_is_a_picture_too(tmp_path: Path, stop: threading.Event) -> None:
    (tmp_path / "lesion.DCM").write_bytes(b"x")
    assert next(watch_folder(tmp_path, stop, poll_s=POLL_S, existing=True)).name == "lesion.DCM"


def test_a_file_that_grows_is_not_taken(tmp_path: Path, stop: threading.Event) -> None:
    whole = picture(tmp_path / "whole.bin.png").read_bytes()
    (tmp_path / "whole.bin.png").unlink()
    target = tmp_path / "slow.png"

    def write_slowly() -> None:
        with target.open("wb") as stream:
            for start in range(0, len(whole), 1 + len(whole) // 20):
                stream.write(whole[start : start + 1 + len(whole) // 20])
                stream.flush()
                time.sleep(POLL_S / 2)

    threading.Thread(target=write_slowly).start()
    taken = next(watch_folder(tmp_path, stop, poll_s=POLL_S, existing=True))
    assert taken.read_bytes() == whole


def test_a_name_that_is_used_again_is_a_new_picture(tmp_path: Path, stop: threading.Event) -> None:
    pictures = watch_folder(tmp_path, stop, poll_s=POLL_S, existing=True)
    path = picture(tmp_path / "a.png")
    assert next(pictures) == path
    path.unlink()
    picture(path, seed=2)
    assert next(pictures) == path
    threading.Timer(0.2, stop.set).start()
    assert list(pictures) == []


def test_a_writer_that_pauses_gets_its_whole_picture_assessed(
    tmp_path: Path, stop: threading.Event
) -> None:
    whole = picture(tmp_path / "whole.bin.png").read_bytes()
    (tmp_path / "whole.bin.png").unlink()
    pictures = watch_folder(tmp_path, stop, poll_s=POLL_S)
    target = tmp_path / "slow.png"

    def write(content: bytes) -> None:
        with target.open("ab") as stream:
            stream.write(content)

    half = len(whole) // 2
    threading.Timer(0.1, write, [whole[:half]]).start()
    assert next(pictures).stat().st_size == half
    threading.Timer(0.1, write, [whole[half:]]).start()
    assert next(pictures).read_bytes() == whole


def test_hidden_and_other_files_are_passed_over(tmp_path: Path, stop: threading.Event) -> None:
    for name in (".hidden.png", "notes.txt", "a.png.partial"):
        (tmp_path / name).write_bytes(b"x")
    picture(tmp_path / "a.png")
    pictures = watch_folder(tmp_path, stop, poll_s=POLL_S, existing=True)
    assert next(pictures).name == "a.png"
    threading.Timer(0.2, stop.set).start()
    assert list(pictures) == []


def test_a_folder_may_vanish_and_come_back(tmp_path: Path, stop: threading.Event) -> None:
    folder = tmp_path / "stick"
    folder.mkdir()
    pictures = watch_folder(folder, stop, poll_s=POLL_S)

    def replug() -> None:
        folder.rename(tmp_path / "away")
        time.sleep(5 * POLL_S)
        folder.mkdir()
        picture(folder / "a.png")

    threading.Timer(0.1, replug).start()
    assert next(pictures).name == "a.png"


def test_the_command_ends_cleanly_on_sigterm(
    sealed_model: Callable[..., Any], tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    picture(folder / "a.png")
    (folder / "b.png").write_bytes(b"no picture")
    options = ("--model", sealed_model("int8").path, "--existing", "--journal", tmp_path / "j.db")
    line = [sys.executable, "-m", "edge_runtime", "watch", folder, *map(str, options)]
    process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    rows = [json.loads(process.stdout.readline()) for _ in range(2)]
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    assert [bool(row["error"]) for row in rows] == [False, True]
    assert "Traceback" not in errors


def test_a_folder_that_is_not_there_is_refused(melanoma_edge: Callable[..., Any]) -> None:
    assert melanoma_edge("watch", "/nowhere").returncode == 4


def test_self_test_passes_and_says_so(
    melanoma_edge: Callable[..., Any], sealed_model: Callable[..., Any]
) -> None:
    model = sealed_model("int8").path
    done = melanoma_edge("self-test", "--model", model, "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["passed"]
    damaged = bytearray(model.read_bytes())
    damaged[100] ^= 1
    model.write_bytes(damaged)
    assert melanoma_edge("self-test", "--model", model).returncode == 3


def test_the_service_has_few_rights(melanoma_edge: Callable[..., Any]) -> None:
    done = melanoma_edge("install-service", "--print", "--", "watch", "/srv/pictures of today")
    assert done.returncode == 0
    assert 'watch "/srv/pictures of today"' in done.stdout
    for line in ("DynamicUser=yes", "ProtectSystem=strict", "Restart=on-failure"):
        assert line in done.stdout
    assert unit_text("/bin/true").startswith("[Unit]")


def test_systemd_reads_the_words_as_they_were_given(tmp_path: Path) -> None:
    words = [
        "/bin/echo",
        "rtsp://u:p%40ss@10.0.0.2/s",
        "my model",
        'a "quote"',
        "back\\slash",
        "$HOME",
    ]
    written = command_line(words)
    assert written.count("%%40") == written.count("$$HOME") == 1
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    unit = tmp_path / UNIT
    unit.write_text(unit_text(written))
    done = subprocess.run([analyze, "verify", unit], capture_output=True, text=True, check=False)
    assert "specifier" not in done.stderr
    assert "Invalid" not in done.stderr


def test_a_unit_that_systemd_does_not_take_is_not_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    systemctl = tmp_path / "bin" / "systemctl"
    systemctl.parent.mkdir()
    systemctl.write_text("#!/bin/sh\necho no bus >&2\nexit 1\n")
    systemctl.chmod(0o755)
    monkeypatch.setenv("PATH", str(systemctl.parent), prepend=":")
    units = tmp_path / "units"
    units.mkdir()
    with pytest.raises(DeviceError, match="no bus"):
        install_unit("new", units)
    assert list(units.iterdir()) == []
    (units / UNIT).write_text("old")
    with pytest.raises(DeviceError):
        install_unit("new", units)
    assert (units / UNIT).read_text() == "old"
    systemctl.write_text("#!/bin/sh\nexit 0\n")
    assert install_unit("new", units).read_text() == "new"
