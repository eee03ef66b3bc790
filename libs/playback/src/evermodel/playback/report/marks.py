"""The marks of the time axis and their legend: told apart by shape, the colour only helps."""

from dataclasses import dataclass

from evermodel.playback.report.markup import Markup, element, tooltip

_BAD, _GOOD, _WARN = "#c0392b", "#2a9d8f", "#e0a030"


@dataclass(frozen=True, slots=True)
class Mark:
    """A shape (dot, triangle, diamond, ring, square, cross) and its colour."""

    shape: str
    fill: str


WATCH, RETRAIN, CLEARED = Mark("triangle", _WARN), Mark("diamond", _BAD), Mark("ring", _GOOD)
PASSED, FAILED = Mark("square", _GOOD), Mark("cross", _BAD)

LEGEND = (
    ("watch, held", WATCH),
    ("retrain", RETRAIN),
    ("cleared", CLEARED),
    ("trained, accepted", PASSED),
    ("failed, rejected, taken back", FAILED),
)


def drawn(mark: Mark, *, x: float, y: float, text: str) -> Markup:
    """Return `mark` at a place; `text` shows when the mouse rests on it."""
    title, fill = tooltip(text), mark.fill
    match mark.shape:
        case "square":
            return element("rect", title, x=x - 6, y=y - 6, width=12, height=12, rx=2, fill=fill)
        case "triangle":
            return element("path", title, d=f"M{x:.1f},{y - 7:.1f}l7,13h-14z", fill=fill)
        case "diamond":
            return element("path", title, d=f"M{x:.1f},{y - 8:.1f}l8,8l-8,8l-8,-8z", fill=fill)
        case "cross":
            path = f"M{x - 6:.1f},{y - 6:.1f}l12,12m0,-12l-12,12"
            return element("path", title, d=path, stroke=fill, stroke_width=4, fill="none")
        case "ring":
            ring = {"cx": x, "cy": y, "r": 5, "fill": "white", "stroke": fill, "stroke_width": 3}
            return element("circle", title, **ring)
        case _:
            return element("circle", title, cx=x, cy=y, r=6, fill=fill)


def key(name: str, mark: Mark) -> Markup:
    """Return an entry of the legend."""
    shown = drawn(mark, x=9, y=9, text=name)
    return element("span", element("svg", shown, viewBox="0 0 18 18", class_="key"), name)
