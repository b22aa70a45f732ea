"""Downloads from a stand-in of the ISIC Archive: whole, interrupted, and with every fault."""

import csv
import errno
import hashlib
import io
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from trainer.dataset import find_dataset
from trainer.download.errors import DiskError, DownloadError
from trainer.download.isic import IsicJob, download_isic, parse_isic
from trainer.download.record import RECORD_FILE, DownloadRecord
from trainer.download.transfer import Transfer

SOURCE = "isic:70"
FIRST = "/content/ISIC_0000000.jpg"
LIST = "/api/v2/images/search/"


@pytest.fixture(autouse=True)
def messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger("melanoma"), "propagate", True)


def download(out: Path, **options: Any) -> dict[str, int]:
    transfer = Transfer(pause_s=0.01, timeout_s=5, attempts=options.pop("attempts", 3))
    job = IsicJob({"collections": "70"}, transfer=transfer, **options)
    return download_isic(job, DownloadRecord(out, SOURCE))


def files(out: Path) -> list[str]:
    return sorted(p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file())


def recorded(out: Path) -> dict[str, dict[str, Any]]:
    lines = [json.loads(line) for line in (out / RECORD_FILE).read_text().splitlines()]
    return {line["file"]: line for line in lines if "file" in line}


def test_all_pages_with_metadata_licence_and_hashes(archive: Any, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert download(out) == {"CC-0": 3, "CC-BY-NC": 2}
    pictures = [f"images/{name}.jpg" for name in archive.pictures]
    assert files(out) == [RECORD_FILE, *pictures, "metadata.csv"]
    for name, content in archive.pictures.items():
        entry = recorded(out)[f"images/{name}.jpg"]
        assert (out / entry["file"]).read_bytes() == content
        assert entry["sha256"] == hashlib.sha256(content).hexdigest()
        assert entry["size"] == len(content)
    with (out / "metadata.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["dx"] for row in rows] == ["nv", "mel", "bcc", "benign", "df"]
    assert rows[1] == {
        "file": "images/ISIC_0000001.jpg",
        "isic_id": "ISIC_0000001",
        "lesion_id": "IL_0000001",
        "patient_id": "IP_0000001",
        "dx": "mel",
        "dx_published": "Malignant / Melanoma Invasive",
        "age": "5",
        "sex": "female",
        "site": "head/neck",
        "image_type": "dermoscopic",
        "width": "64",
        "height": "64",
        "licence": "CC-BY-NC",
        "attribution": "Hospital, of somewhere",
    }


@pytest.mark.usefixtures("archive")
def test_what_was_downloaded_is_a_data_set(tmp_path: Path) -> None:
    download(tmp_path / "out")
    dataset = find_dataset(tmp_path / "out")
    assert [p.label for p in dataset.pictures] == ["benign", "malignant", "benign", "benign"]
    assert dataset.pictures[1].patient == "IP_0000001"
    assert dict(dataset.left_out) == {"bcc": 1}


def test_a_second_run_fetches_no_picture(archive: Any, tmp_path: Path) -> None:
    download(tmp_path / "out")
    archive.asked.clear()
    download(tmp_path / "out")
    assert archive.fetched() == []


def test_changed_and_removed_files_are_fetched_again(archive: Any, tmp_path: Path) -> None:
    download(tmp_path / "out")
    names = list(archive.pictures)
    changed, removed = (tmp_path / "out" / f"images/{name}.jpg" for name in names[:2])
    content = changed.read_bytes()
    changed.write_bytes(content[:-1] + b"?")
    removed.unlink()
    archive.asked.clear()
    download(tmp_path / "out")
    assert sorted(archive.fetched()) == [(f"/content/{name}.jpg", "") for name in names[:2]]
    assert changed.read_bytes() == content


@pytest.mark.usefixtures("archive")
def test_a_limit(tmp_path: Path) -> None:
    download(tmp_path / "out", limit=3)
    assert len(recorded(tmp_path / "out")) == 3


@pytest.mark.parametrize("path", [FIRST, LIST])
@pytest.mark.parametrize("status", [429, 500, 503])
def test_passing_faults_are_tried_again(
    archive: Any, tmp_path: Path, path: str, status: int
) -> None:
    archive.faults[path] = [status, status]
    download(tmp_path / "out")
    assert len(recorded(tmp_path / "out")) == 5


def test_the_server_says_how_long_to_wait(archive: Any, tmp_path: Path) -> None:
    archive.faults[LIST] = [429]
    archive.headers = {"Retry-After": "1"}
    start = time.monotonic()
    download(tmp_path / "out")
    assert time.monotonic() - start >= 1


def test_a_cut_answer_is_resumed_where_it_ended(archive: Any, tmp_path: Path) -> None:
    archive.faults[FIRST] = ["cut"]
    download(tmp_path / "out")
    half = len(archive.pictures["ISIC_0000000"]) // 2
    assert [sent for path, sent in archive.fetched() if path == FIRST] == ["", f"bytes={half}-"]
    content = (tmp_path / "out/images/ISIC_0000000.jpg").read_bytes()
    assert content == archive.pictures["ISIC_0000000"]


def test_a_part_that_no_hash_can_confirm_is_not_used(archive: Any, tmp_path: Path) -> None:
    archive.server_name = "another"
    archive.faults[FIRST] = ["cut"]
    download(tmp_path / "out")
    assert [bool(sent) for path, sent in archive.fetched() if path == FIRST] == [False, True, False]


def test_a_part_of_another_file_is_found_out(archive: Any, tmp_path: Path) -> None:
    record = DownloadRecord(tmp_path / "out", SOURCE)
    (record.folder / "images").mkdir()
    (record.folder / "images/ISIC_0000000.jpg.part").write_bytes(b"x" * 100)
    download(tmp_path / "out")
    content = (tmp_path / "out/images/ISIC_0000000.jpg").read_bytes()
    assert content == archive.pictures["ISIC_0000000"]


@pytest.mark.parametrize(
    ("fault", "says"),
    [("wrong bytes", "md5="), ("wrong size", "bytes"), (404, "404"), (403, "403")],
)
def test_one_bad_picture_leaves_no_file_and_the_others_there(
    archive: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture, fault: Any, says: str
) -> None:
    archive.faults[FIRST] = [fault] * 3
    with pytest.raises(DownloadError, match=r"1 failed.*ISIC_0000000\.jpg"):
        download(tmp_path / "out")
    names = list(archive.pictures)[1:]
    assert files(tmp_path / "out") == [
        RECORD_FILE,
        *(f"images/{n}.jpg" for n in names),
        "metadata.csv",
    ]
    assert says in caplog.text
    archive.faults.clear()
    download(tmp_path / "out")
    assert len(recorded(tmp_path / "out")) == 5


def test_another_size_than_the_list_says(archive: Any, tmp_path: Path) -> None:
    archive.size_of["ISIC_0000000"] = 7
    with pytest.raises(DownloadError, match="1 failed"):
        download(tmp_path / "out")


@pytest.mark.parametrize("name", ["../../evil", "a/b", "", "x" * 65, "."])
def test_names_that_lead_elsewhere_are_refused(archive: Any, tmp_path: Path, name: str) -> None:
    archive.pictures = {name: b"content"}
    with pytest.raises(DownloadError, match="isic_id="):
        download(tmp_path / "out")
    assert files(tmp_path) == [f"out/{RECORD_FILE}"]


@pytest.mark.usefixtures("archive")
def test_an_empty_collection(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="not public"):
        download_isic(IsicJob({"collections": "71"}), DownloadRecord(tmp_path / "out", "isic:71"))


def test_a_list_that_is_none(archive: Any, tmp_path: Path) -> None:
    archive.faults[LIST] = ["html"]
    with pytest.raises(DownloadError, match="JSON"):
        download(tmp_path / "out")


def test_no_server_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MELANOMA_ISIC_API", "http://127.0.0.1:9/")
    monkeypatch.setenv("no_proxy", "*")
    with pytest.raises(DownloadError, match=r"in 2 attempts.*refused"):
        download(tmp_path / "out", attempts=2)


@pytest.mark.usefixtures("archive")
def test_a_full_disk_ends_it_and_room_lets_it_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(io.BytesIO):
        def write(self, _: Any) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    real = Path.open
    with monkeypatch.context() as patched:
        patched.setattr(
            Path, "open", lambda p, *a, **k: Full() if p.suffix == ".part" else real(p, *a, **k)
        )
        with pytest.raises(DiskError, match=r"No space left.*Free some space"):
            download(tmp_path / "out")
    assert not list((tmp_path / "out/images").iterdir())
    download(tmp_path / "out")
    assert len(recorded(tmp_path / "out")) == 5


def test_too_little_room_is_said_before_it_is_used(
    archive: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 0, 10))
    with pytest.raises(DiskError, match="10 free"):
        download(tmp_path / "out")
    assert archive.fetched() == []


def test_a_record_that_was_cut_off_is_still_read(archive: Any, tmp_path: Path) -> None:
    download(tmp_path / "out")
    path = tmp_path / "out" / RECORD_FILE
    path.write_bytes(path.read_bytes()[:-60])
    archive.asked.clear()
    download(tmp_path / "out")
    assert len(archive.fetched()) == 1
    archive.asked.clear()
    download(tmp_path / "out")
    assert archive.fetched() == []


def test_after_ctrl_c_the_same_command_goes_on(archive: Any, tmp_path: Path) -> None:
    archive.slow_s = 0.3
    command = [sys.executable, "-m", "trainer", "download", SOURCE, "--workers", "1"]
    command += ["--out", str(tmp_path / "out")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ) as process:
        while len(archive.fetched()) < 3:
            assert process.poll() is None, process.stderr.read() if process.stderr else ""
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        process.wait(20)
    assert process.returncode == 130
    there = [file for file in files(tmp_path / "out") if file.endswith(".jpg")]
    assert 1 <= len(there) < 5
    archive.slow_s = 0.0
    archive.asked.clear()
    finished = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "CC-BY-NC" in finished.stdout
    assert "5 files" in finished.stdout
    assert len(archive.fetched()) == 5 - len(there)


def test_what_may_follow_isic() -> None:
    assert parse_isic("70") == {"collections": "70"}
    assert parse_isic("70,71") == {"collections": "70,71"}
    assert parse_isic("search?sex:male AND age_approx:[5 TO 25]") == {
        "query": "sex:male AND age_approx:[5 TO 25]"
    }
    for wrong in ("", "x", "search?", "70;71", "../70"):
        with pytest.raises(ValueError, match="isic:COLLECTION_ID"):
            parse_isic(wrong)
