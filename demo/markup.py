"""HTML from nested calls; text that is no markup yet is escaped."""

import html


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


def table(head: tuple[str, ...], rows: list[tuple[str, ...]], *, name: str) -> Markup:
    """A table whose rows begin with their heading, in a region that can be scrolled sideways."""
    columns = (element("th", cell, scope="col") for cell in head)
    body = (
        element(
            "tr",
            element("th", row[0], scope="row"),
            *(element("td", cell) for cell in row[1:]),
        )
        for row in rows
    )
    whole = element(
        "table",
        element("thead", element("tr", *columns)) if head else Markup(""),
        element("tbody", *body),
    )
    return element("div", whole, class_="scroll", role="region", aria_label=name, tabindex="0")
