"""Pictures and metadata of the ISIC Archive, through version 2 of its public interface.

Endpoint, parameters (``collections``, ``query``, ``limit``, ``cursor``) and fields are those of
github.com/ImageMarkup/isic, ``isic/core/api/image.py`` and ``isic/core/pagination.py``.
"""

import csv
import os
import re
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

from edge_runtime.console import log, progress
from edge_runtime.contract.preprocess import PICTURE_SUFFIXES
from trainer.download.errors import DiskError, DownloadError
from trainer.download.record import DownloadRecord
from trainer.download.transfer import Transfer, shown
from trainer.lesion_kinds import kind_of_levels
from trainer.table_file import METADATA_FILE

API: Final = "https://api.isic-archive.com/api/v2/"
API_VARIABLE: Final = "MELANOMA_ISIC_API"
PICTURES: Final = "images"
PAGE_SIZE: Final = 100  # the interface gives no more
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LEVELS: Final = re.compile(r"diag[a-z]+(_[1-5])?")
_COLUMNS: Final = (
    *("file", "isic_id", "lesion_id", "patient_id", "dx", "dx_published", "age", "sex", "site"),
    *("image_type", "width", "height", "licence", "attribution"),
)


@dataclass(frozen=True)
class Found:
    """A picture that the archive offers.

    Attributes:
        file: Where it goes in the download folder.
        url: Where it lies; signed, and only good for a while.
        size: In bytes.
        row: Of ``metadata.csv``.
    """

    file: str
    url: str
    size: int | None
    row: dict[str, str]


@dataclass(frozen=True)
class IsicJob:
    """What is to be fetched.

    Attributes:
        parameters: ``collections`` or ``query``.
        limit: At most so many pictures; None for all.
        workers: Pictures at a time.
        transfer: How to fetch.
    """

    parameters: dict[str, str]
    limit: int | None = None
    workers: int = 4
    transfer: Transfer = field(default_factory=Transfer)


def parse_isic(text: str) -> dict[str, str]:
    """Parameters of ``COLLECTION_ID`` (or several, with commas) or ``search?QUERY``.

    Raises:
        ValueError: If it is neither.
    """
    if text.startswith("search?"):
        query = text.removeprefix("search?").removeprefix("query=").strip()
        if query:
            return {"query": query}
    if re.fullmatch(r"\d+(,\d+)*", text):
        return {"collections": text}
    raise ValueError(f"expected isic:COLLECTION_ID or isic:search?QUERY. Received: {text!r}")


def download_isic(job: IsicJob, record: DownloadRecord) -> Counter[str]:
    """Fetch what is not there yet and write ``metadata.csv``; number of pictures by licence.

    Raises:
        DownloadError: If the archive gives no list, or some pictures cannot be had; the others
            are there then.
        DiskError: If there is no room.
    """
    (record.folder / PICTURES).mkdir(exist_ok=True)
    # By file: a page may repeat a picture when others were published meanwhile.
    rows: dict[str, dict[str, str]] = {}
    failed: list[str] = []
    pages = _pages(job)
    total, first = next(pages)
    with ThreadPoolExecutor(job.workers) as pool:
        try:
            done = _fetched(job, record, pool, _chain(first, pages))
            for found, problem in progress(done, total, "pictures"):
                if problem is None:
                    rows[found.file] = found.row
                else:
                    log.warning("warning: %s: %s", found.file, problem)
                    failed.append(found.file)
        except BaseException:
            job.transfer.stopped.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    _write_metadata(record.folder / METADATA_FILE, rows)
    if failed:
        raise DownloadError(
            f"expected all {len(rows) + len(failed)} pictures. Received: {len(failed)} failed, "
            f"the first: {failed[:5]}. The others are there; run the same command again."
        )
    if not record.complete:
        record.finish()
    return Counter(row["licence"] or "not stated" for row in rows.values())


def _pages(job: IsicJob) -> Iterator[tuple[int, list[Found]]]:
    """Number of all pictures, and a page of them, page by page: links are signed for a while."""
    address = os.environ.get(API_VARIABLE, API).rstrip("/") + "/images/search/?"
    size = min(PAGE_SIZE, job.limit or PAGE_SIZE)
    parameters = {**job.parameters, "limit": str(size)}
    total = given = 0
    while True:
        url = address + urlencode(parameters)
        answer = job.transfer.read_json(url)
        results, following = answer.get("results"), answer.get("next")
        if not isinstance(results, list):
            raise DownloadError(
                f"expected results from {shown(url)}. Received: fields={sorted(answer)[:8]}. "
                "Check the query."
            )
        if not given:
            total = min(int(answer.get("count") or len(results)), job.limit or 10**9)
            _require_some(total, job)
        page = [_found(result) for result in results][: total - given if job.limit else None]
        given += len(page)
        yield total, page
        if not following or not page or (job.limit and given >= job.limit):
            return
        # Only its query is used: the next page is always asked of the same server.
        query = parse_qs(urlsplit(str(following)).query)
        parameters = {**parameters, "cursor": query.get("cursor", [""])[0]}


def _require_some(total: int, job: IsicJob) -> None:
    if total == 0:
        raise DownloadError(
            f"expected pictures of {job.parameters}. Received: none. A collection may be empty or "
            "not public; see https://www.isic-archive.com for its number and the search's syntax."
        )


def _chain(first: list[Found], rest: Iterator[tuple[int, list[Found]]]) -> Iterator[list[Found]]:
    yield first
    for _, page in rest:
        yield page


def _fetched(
    job: IsicJob,
    record: DownloadRecord,
    pool: ThreadPoolExecutor,
    pages: Iterator[list[Found]],
) -> Iterator[tuple[Found, DownloadError | None]]:
    def fetch(found: Found) -> tuple[Found, DownloadError | None]:
        try:
            if not record.holds(found.file):
                job.transfer.fetch(found.url, record.folder / found.file, found.size)
                record.add(found.file)
        except DiskError:
            raise
        except DownloadError as error:
            return found, error
        return found, None

    for page in pages:
        _require_room(record.folder, page)
        yield from pool.map(fetch, page)


def _require_room(folder: Path, page: Sequence[Found]) -> None:
    needed = sum(found.size or 0 for found in page if not (folder / found.file).is_file())
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise DiskError(
            f"expected room for the next {len(page)} pictures. Received: {needed} bytes needed, "
            f"{free} free. Free some space; the same command goes on where it stopped."
        )


def _found(result: Any) -> Found:
    """What the archive says of a picture, in our columns.

    Raises:
        DownloadError: If its name cannot be a file's, or a field is missing.
    """
    try:
        name, full = str(result["isic_id"]), result["files"]["full"]
        url, size = str(full["url"]), int(full.get("size") or 0) or None
        metadata = result.get("metadata") or {}
        clinical, acquired = metadata.get("clinical") or {}, metadata.get("acquisition") or {}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DownloadError(
            f"expected isic_id and files.full.url of each picture. Received: {str(result)[:120]}"
        ) from error
    if not _ID.fullmatch(name):
        raise DownloadError(
            f"expected an id of letters, digits, - and _. Received: isic_id={name!r}. "
            "The source is not what it should be; the picture was not fetched."
        )
    suffix = PurePosixPath(urlsplit(url).path).suffix.lower()
    file = f"{PICTURES}/{name}{suffix if suffix in PICTURE_SUFFIXES else '.jpg'}"
    told = {"file": file, "isic_id": name, **_told(clinical, acquired)}
    told |= {"licence": result.get("copyright_license"), "attribution": result.get("attribution")}
    texts = {key: "" if value is None else str(value) for key, value in told.items()}
    return Found(file, url, size, texts)


def _told(clinical: dict[str, Any], acquired: dict[str, Any]) -> dict[str, Any]:
    """What is known of lesion and picture, in our columns."""
    levels = [str(clinical[key] or "") for key in sorted(clinical) if _LEVELS.fullmatch(key)]
    return {
        "lesion_id": clinical.get("lesion_id"),
        "patient_id": clinical.get("patient_id"),
        "dx": kind_of_levels(levels) or _benign_or_nothing(clinical),
        "dx_published": " / ".join(filter(None, levels)),
        "age": clinical.get("age_approx"),
        "sex": clinical.get("sex"),
        "site": clinical.get("anatom_site_general") or clinical.get("anatom_site_1"),
        "image_type": acquired.get("image_type"),
        "width": acquired.get("pixels_x"),
        "height": acquired.get("pixels_y"),
    }


def _benign_or_nothing(clinical: dict[str, Any]) -> str:
    """``benign`` where that is all the archive says; malignant alone may be any cancer."""
    return "benign" if clinical.get("benign_malignant") == "benign" else ""


def _write_metadata(path: Path, rows: Mapping[str, dict[str, str]]) -> None:
    beside = path.with_name(path.name + ".part")
    try:
        with beside.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, _COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows[file] for file in sorted(rows))
        beside.replace(path)
    except OSError as error:
        raise DiskError(f"expected to write {path.name}. Received: {error.strerror}") from error
