"""HTML from nested calls; text that is no markup yet is escaped."""

import base64
import html
from collections.abc import Sequence


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def element(name: str, *content: str, **attributes: str) -> Markup:
    """An element with its content.

    Args:
        name: Of the element.
        content: Markup is taken as it is, any other text is escaped.
        attributes: Values are escaped; ``class_`` becomes ``class``, ``aria_label``
            ``aria-label``.
    """
    start = name + "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(value)}"'
        for key, value in attributes.items()
    )
    if name in ("img", "br", "col"):
        return Markup(f"<{start}>")
    return Markup(f"<{start}>{join(*content)}</{name}>")


def join(*parts: str) -> Markup:
    """The parts one after the other, escaped unless they are markup."""
    return Markup(
        "".join(part if isinstance(part, Markup) else html.escape(part) for part in parts)
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, name: str) -> Markup:
    """A table whose rows begin with their heading, in a region that scrolls sideways."""
    columns = (element("th", cell, scope="col") for cell in head)
    body = (
        element(
            "tr",
            element("th", row[0], scope="row"),
            *(element("td", cell) for cell in row[1:]),
        )
        for row in rows
    )
    heading = element("thead", element("tr", *columns)) if head else Markup()
    whole = element("table", heading, element("tbody", *body))
    return element("div", whole, class_="scroll", role="region", aria_label=name, tabindex="0")


def bullets(sentences: Sequence[str]) -> Markup:
    """The sentences as a list."""
    return element("ul", *(element("li", sentence) for sentence in sentences))


def picture(png: bytes, title: str, caption: str, *, wide: bool = False) -> Markup:
    """A figure whose PNG picture lies in the page itself."""
    source = "data:image/png;base64," + base64.b64encode(png).decode("ascii")
    return element(
        "figure",
        element("h3", title),
        element("img", src=source, alt=f"{title}. {caption}"),
        element("figcaption", caption),
        class_="wide" if wide else "plot",
    )
