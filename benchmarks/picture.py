"""Panels of lines over minutes, one below the other, as one SVG; marks go through all of them.

Owns the drawing. Must never know what is drawn.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil, log10

from evermodel.playback.report.markup import Markup, element, join

WIDTH, HEIGHT, LEFT, TOP, GAP, RIGHT = 900.0, 170.0, 60.0, 150.0, 50.0, 210.0
#: Told apart without colour vision (Okabe and Ito, their yellow made dark enough for white).
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a6d00", "#56b4e9", "#000000")
GREY = "#bbbbbb"
MINUTES_APART = 5
Run = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Line:
    """What has one name in one panel: a run of points, (seconds, value), for each life."""

    name: str
    runs: Sequence[Run]
    colour: str
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture of several: its title with its unit, and its lines; a later one lies above."""

    title: str
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class Mark:
    """What happened at a time, in seconds: a thin upright line, named at the top."""

    at: float
    name: str
    colour: str


def palette() -> Iterator[tuple[str, bool]]:
    """Yield every colour, then all again for dashed lines."""
    for dashed in (False, True):
        for colour in COLOURS:
            yield colour, dashed


def drawn(panels: Sequence[Panel], marks: Sequence[Mark], *, last: float) -> Markup:
    """Return the picture from 0 to `last` seconds."""
    width, height = LEFT + WIDTH + RIGHT, TOP + len(panels) * (HEIGHT + GAP)
    return element(
        "svg",
        element("rect", width=width, height=height, fill="#ffffff"),
        join(_names(marks, last=last)),
        *(
            _panel(panel, marks, top=TOP + number * (HEIGHT + GAP), last=last)
            for number, panel in enumerate(panels)
        ),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:.0f} {height:.0f}",
        font_family="sans-serif",
        font_size=11,
    )


def _panel(panel: Panel, marks: Sequence[Mark], *, top: float, last: float) -> Markup:
    points = [value for line in panel.lines for run in line.runs for _, value in run]
    most = _round_number(max(points, default=1.0))

    def place(at: float, value: float) -> str:
        return f"{LEFT + WIDTH * at / last:.1f},{top + HEIGHT * (1 - value / most):.1f}"

    return element(
        "g",
        element("text", panel.title, x=LEFT, y=top - 6, font_weight="bold"),
        element("rect", x=LEFT, y=top, width=WIDTH, height=HEIGHT, fill="none", stroke="#999999"),
        join(_heights(most, top=top)),
        join(_minutes(last, top=top)),
        join(_strokes(marks, top=top, last=last)),
        join(_polylines(panel.lines, place)),
        join(_legend(panel.lines, top=top)),
    )


def _round_number(value: float) -> float:
    """Return the next of 1, 1.5, 2, 3, 4, 5, 6, 8 times a power of ten, at least 1."""
    power = 10.0 ** int(log10(max(value, 1.0)))
    steps = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
    return power * next(step for step in steps if step * power >= max(value, 1.0))


def _heights(most: float, *, top: float) -> Iterator[Markup]:
    for share in (0.0, 0.5, 1.0):
        y = top + HEIGHT * (1 - share)
        yield element("text", f"{most * share:,.4g}", x=LEFT - 6, y=y + 4, text_anchor="end")
    y = top + HEIGHT / 2
    yield element("line", x1=LEFT, x2=LEFT + WIDTH, y1=y, y2=y, stroke="#eeeeee")


def _minutes(last: float, *, top: float) -> Iterator[Markup]:
    for minute in range(0, ceil(last / 60) + 1, MINUTES_APART):
        x = LEFT + WIDTH * minute * 60 / last
        if x <= LEFT + WIDTH:
            yield element("text", f"{minute} min", x=x, y=top + HEIGHT + 14, text_anchor="middle")


def _strokes(marks: Sequence[Mark], *, top: float, last: float) -> Iterator[Markup]:
    for mark in marks:
        x = _across(mark.at, last)
        yield element(
            "line",
            element("title", f"{mark.name}, {mark.at / 60:.1f} min"),
            x1=x,
            x2=x,
            y1=top,
            y2=top + HEIGHT,
            stroke=mark.colour,
            stroke_width=0.7,
            stroke_opacity=0.5,
        )


def _names(marks: Sequence[Mark], *, last: float) -> Iterator[Markup]:
    for mark in marks:
        x, y = _across(mark.at, last) + 3, TOP - 22
        turned = f"rotate(-90 {x:.1f} {y:.1f})"
        yield element("text", mark.name, x=x, y=y, transform=turned, font_size=9, fill=mark.colour)


def _across(at: float, last: float) -> float:
    return LEFT + WIDTH * min(at / last, 1.0)


def _polylines(lines: Sequence[Line], place: Callable[[float, float], str]) -> Iterator[Markup]:
    for line in lines:
        for run in line.runs:
            yield element(
                "polyline",
                element("title", line.name),
                points=" ".join(place(at, value) for at, value in run),
                fill="none",
                stroke=line.colour,
                stroke_width=1.2,
                stroke_dasharray="5 2" if line.dashed else None,
            )


def _legend(lines: Sequence[Line], *, top: float) -> Iterator[Markup]:
    """Yield a stroke and a name for each, and where it ended; who ended highest comes first,
    what is grey last."""
    ends = {line.name: max((run[-1] for run in line.runs), default=(0.0, 0.0))[1] for line in lines}
    ordered = sorted(lines, key=lambda line: (line.colour == GREY, -ends[line.name]))
    for number, line in enumerate(ordered):
        x, y = LEFT + WIDTH + 12, top + 8 + 14 * number
        yield element(
            "line",
            x1=x,
            x2=x + 22,
            y1=y - 4,
            y2=y - 4,
            stroke=line.colour,
            stroke_width=2,
            stroke_dasharray="5 2" if line.dashed else None,
        )
        end = "" if line.colour == GREY else f"  {ends[line.name]:,.0f}"
        yield element("text", f"{line.name}{end}", x=x + 28, y=y, fill="#222222")
