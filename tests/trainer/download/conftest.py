"""A stand-in for the ISIC Archive on 127.0.0.1, which answers as it is told."""

import hashlib
import io
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from PIL import Image

from edge_runtime.synthetic import draw_lesion
from trainer.download.isic import API_VARIABLE

KINDS = ("Nevus", "Melanoma Invasive", "Basal cell carcinoma", "Nevus, Spitz", "Dermatofibroma")
LEVEL = "diag" + "nosis_{}"


def drawn(number: int) -> bytes:
    """A JPEG of a lesion."""
    stream = io.BytesIO()
    pixels = draw_lesion(("benign", "malignant")[number % 2], number, (64, 64))
    Image.fromarray(pixels).save(stream, "JPEG", quality=90)
    return stream.getvalue()


@dataclass
class StandIn:
    """What the server offers, does wrong, and was asked.

    Attributes:
        pictures: Content by id.
        faults: Answers that go wrong, by path, first come first served: a status, or ``cut``,
            ``wrong bytes``, ``wrong size``.
        headers: Sent with an answer that goes wrong.
        asked: Path and Range header of each request.
        per_page: Results on a page.
    """

    pictures: dict[str, bytes]
    faults: dict[str, list[Any]] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    per_page: int = 2
    size_of: dict[str, int] = field(default_factory=dict)
    server_name: str = "AmazonS3"
    address: str = ""
    slow_s: float = 0.0

    def fetched(self) -> list[tuple[str, str]]:
        """Requests for pictures."""
        return [(path, sent) for path, sent in self.asked if path.startswith("/content/")]

    def page(self, query: dict[str, list[str]]) -> dict[str, Any]:
        """As in ImageMarkup/isic: a count on the first page, and the next one's address."""
        if query.get("collections") not in (None, ["70"]):
            return {"results": [], "count": 0, "next": None, "previous": None}
        start = int(query.get("cursor", ["0"])[0])
        size = min(int(query["limit"][0]), self.per_page)
        names = list(self.pictures)
        following = f"{self.address}/api/v2/images/search/?limit={size}&cursor={start + size}"
        return {
            "count": len(names) if start == 0 else None,
            "next": following if start + size < len(names) else None,
            "previous": None,
            "results": [self.result(names[i], i) for i in range(start, len(names))[:size]],
        }

    def result(self, name: str, number: int) -> dict[str, Any]:
        kind = KINDS[number % len(KINDS)]
        first = "Malignant" if kind in KINDS[1:3] else "Benign"
        url = f"{self.address}/content/{name}.jpg?Expires=1&Signature=secret"
        return {
            "isic_id": name,
            "public": True,
            "copyright_license": ("CC-0", "CC-BY-NC")[number % 2],
            "attribution": "Hospital, of somewhere",
            "files": {
                "full": {"url": url, "size": self.size_of.get(name, len(self.pictures[name]))},
                "thumbnail_256": {"url": url, "size": 1},
            },
            "metadata": {
                "acquisition": {"pixels_x": 64, "pixels_y": 64, "image_type": "dermoscopic"},
                "clinical": {
                    "age_approx": 5 * number,
                    "sex": "female",
                    "anatom_site_general": "head/neck",
                    "lesion_id": f"IL_{number:07d}",
                    "patient_id": f"IP_{number:07d}",
                    LEVEL.format(1): first,
                    LEVEL.format(3): kind,
                    LEVEL.format("confirm_type"): "histopathology",
                },
            },
        }


class _Handler(BaseHTTPRequestHandler):
    stand_in: StandIn

    def do_GET(self) -> None:
        url, stand_in = urlsplit(self.path), self.stand_in
        stand_in.asked.append((url.path, self.headers.get("Range", "")))
        fault = (stand_in.faults.get(url.path) or [None]).pop(0)
        if isinstance(fault, int):
            return self.answer(b"no", status=fault, headers=stand_in.headers)
        if url.path == "/api/v2/images/search/":
            text = json.dumps(stand_in.page(parse_qs(url.query)))
            return self.answer(text.encode() if fault is None else b"<html>")
        name = url.path.removeprefix("/content/").removesuffix(".jpg")
        if name not in stand_in.pictures:
            return self.answer(b"no", status=404)
        return self.picture(stand_in.pictures[name], fault)

    def picture(self, content: bytes, fault: str | None) -> None:
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        headers = {"ETag": f'"{md5}"', "Accept-Ranges": "bytes"}
        sent = self.headers.get("Range", "")
        start = int(sent.removeprefix("bytes=").rstrip("-")) if sent else 0
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        body = content[start:]
        if fault == "wrong bytes":
            body = body[:-1] + bytes([body[-1] ^ 1])
        elif fault == "wrong size":
            body += b"more"
        self.answer(body, status=206 if start else 200, headers=headers, cut=fault == "cut")

    def answer(
        self,
        body: bytes,
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
        cut: bool = False,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        half = len(body) // 2
        self.wfile.write(body[:half])
        if self.stand_in.slow_s and self.path.startswith("/content/"):
            self.wfile.flush()
            threading.Event().wait(self.stand_in.slow_s)
        if not cut:
            self.wfile.write(body[half:])

    def version_string(self) -> str:
        return self.stand_in.server_name

    def log_message(self, *_: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:
        """A client that leaves early is what some tests are about."""


@pytest.fixture
def archive(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """The stand-in with five pictures, asked instead of the ISIC Archive."""
    stand_in = StandIn({f"ISIC_{number:07d}": drawn(number) for number in range(5)})
    handler = type("Handler", (_Handler,), {"stand_in": stand_in})
    with _Server(("127.0.0.1", 0), handler) as server:
        stand_in.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        monkeypatch.setenv(API_VARIABLE, f"{stand_in.address}/api/v2")
        monkeypatch.setenv("no_proxy", "*")
        try:
            yield stand_in
        finally:
            server.shutdown()
            thread.join()
