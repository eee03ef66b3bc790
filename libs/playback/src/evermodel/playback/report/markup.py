"""The smallest HTML and SVG: elements whose attributes and texts are escaped."""

from collections.abc import Iterable
from html import escape


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def element(name: str, *children: str, **attributes: object) -> Markup:
    """Return ``<name attributes>children</name>``; plain strings among `children` are escaped.

    Underscores in attribute names become hyphens; a trailing one is dropped (``class_``).
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_text(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{given}>{join(children)}</{name}>")


def join(children: Iterable[str]) -> Markup:
    """Return `children` one after the other, plain strings escaped."""
    return Markup("".join(c if isinstance(c, Markup) else escape(c) for c in children))


def tooltip(text: str) -> Markup:
    """Return what browsers show when the mouse rests on the parent."""
    return element("title", text)


def _text(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
