import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest

from demo.page import render

SENTENCE = (
    "The model is a demonstration: it was trained on drawn pictures and its scores mean nothing."
)
NOTICE = "Research software, not a medical device."
VOID = {"meta", "link", "img", "br"}
LOADING = {"src", "href", "srcset", "poster", "data", "action", "background"}


class Page(HTMLParser):
    """Collects what a browser would see."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data

    def all(self, name: str) -> list[dict[str, str]]:
        return [attributes for tag, attributes in self.tags if tag == name]


@pytest.fixture
def page(finished: Callable[..., Any]) -> Callable[..., tuple[str, Page]]:
    def make(**options: Any) -> tuple[str, Page]:
        source = render(finished(**options).report())
        return source, Page(source)

    return make


def test_loads_nothing_and_runs_nothing(page: Callable[..., tuple[str, Page]]) -> None:
    source, parsed = page()
    assert parsed.open == []
    assert not re.search(r"https?:|url\(|@import", source)
    assert {tag for tag, _ in parsed.tags} & {"script", "iframe", "object", "embed"} == set()
    loaded = [v for _, attributes in parsed.tags for k, v in attributes.items() if k in LOADING]
    assert loaded
    assert all(value.startswith("data:") for value in loaded)


def test_says_what_it_is(page: Callable[..., tuple[str, Page]]) -> None:
    source, parsed = page()
    assert SENTENCE in parsed.text
    assert NOTICE in parsed.text
    assert "$" not in parsed.text
    assert "diagnos" not in source.lower()


def test_can_be_read_without_seeing(page: Callable[..., tuple[str, Page]]) -> None:
    _, parsed = page()
    assert parsed.all("html") == [{"lang": "en"}]
    assert len(parsed.all("h1")) == 1
    assert all(attributes["alt"] for attributes in parsed.all("img"))
    named = [a["aria-labelledby"] for _, a in parsed.tags if "aria-labelledby" in a]
    ids = [a["id"] for _, a in parsed.tags if "id" in a]
    assert len(set(ids)) == len(ids)
    assert set(named) <= set(ids)


def test_shows_label_score_threshold_and_decision(page: Callable[..., tuple[str, Page]]) -> None:
    _, parsed = page()
    bars = [a["aria-label"] for a in parsed.all("span") if a.get("class") == "bar"]
    assert bars == ["score 0.250, threshold 0.500"] * 2 + ["score none, threshold 0.500"] + [
        "score 0.250, threshold 0.500"
    ] * 2 + ["score none, threshold 0.500"]
    shown = [a["alt"] for a in parsed.all("img")][:6]
    assert [alt.split()[-1] for alt in shown] == ["benign"] * 3 + ["malignant"] * 3
    for text in ("NO_REFERRAL", "RETAKE", "as labelled", "needless", "missed", "not scored"):
        assert text in parsed.text


@pytest.mark.parametrize("stem", ["<img src=x onerror=alert(1)>", '"><b>', "&amp; $steps ${x}"])
def test_escapes_names(page: Callable[..., tuple[str, Page]], stem: str) -> None:
    source, parsed = page(stem=stem)
    titles = [a["title"] for a in parsed.all("img") if "title" in a]
    assert len(titles) == 6
    assert all(f"/{stem}" in title for title in titles)
    assert "onerror" not in {name for _, attributes in parsed.tags for name in attributes}
    assert "fit <data> --out" in parsed.text
    assert "<data>" not in source


def test_of_real_pictures_says_so(
    page: Callable[..., tuple[str, Page]],
) -> None:
    _, parsed = page(drawn=False)
    assert SENTENCE not in parsed.text
    assert NOTICE in parsed.text
    assert "labelled pictures of “pictures”" in parsed.text
    assert "handle it as you handle the data set" in parsed.text


def test_undefined_figures_are_named(page: Callable[..., tuple[str, Page]]) -> None:
    _, parsed = page(auc=None)
    assert "undefined" in parsed.text
