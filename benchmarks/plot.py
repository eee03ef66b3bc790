"""What a soak looked like, as one picture: memory, handles, threads, lag and topics over minutes.

Owns the drawing. A line is one life of a process; a thin upright one is a trouble.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.samples import Look, Samples
from evermodel.playback.report.markup import Markup, element, join

WIDTH, HEIGHT, LEFT, TOP, GAP = 900.0, 150.0, 70.0, 30.0, 40.0
#: Told apart without colour vision (Okabe and Ito), and again from the first.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#f0e442", "#000000")
Lines = Mapping[str, Sequence[Sequence[tuple[float, float]]]]


def write_plot(samples: Samples, file: Path) -> None:
    """Draw `samples` into `file`, an SVG."""
    last = max((look.at for looks in samples.lives.values() for look in looks), default=1.0)
    panels: list[tuple[str, Lines]] = [
        ("resident memory, MB", _lives(samples, lambda look: look.memory)),
        ("open handles", _lives(samples, lambda look: look.handles)),
        ("threads", _lives(samples, lambda look: look.threads)),
        ("offsets not yet committed, all groups", {"lag": [samples.lags]}),
        ("topics on disk, MB", {name: [sizes] for name, sizes in _largest(samples)}),
    ]
    drawn = [
        _panel(title, lines, samples, top=TOP + number * (HEIGHT + GAP), last=last)
        for number, (title, lines) in enumerate(panels)
    ]
    height = TOP + len(panels) * (HEIGHT + GAP)
    picture = element(
        "svg",
        *drawn,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {LEFT + WIDTH + 190:.0f} {height:.0f}",
        font_family="sans-serif",
        font_size=10,
    )
    file.write_text(picture + "\n", encoding="utf-8")


def _lives(samples: Samples, value: Callable[[Look], float]) -> Lines:
    return {
        name: [
            [(look.at, value(look)) for look in looks]
            for (who, _), looks in samples.lives.items()
            if who == name
        ]
        for name in samples.names()
    }


def _largest(samples: Samples) -> list[tuple[str, list[tuple[float, float]]]]:
    """Return the topics that take most at the end; all together would be a thicket."""
    ordered = sorted(samples.topics.items(), key=lambda topic: -topic[1][-1][1])
    return ordered[: len(COLOURS)]


def _panel(title: str, lines: Lines, samples: Samples, *, top: float, last: float) -> Markup:
    points = [value for runs in lines.values() for run in runs for _, value in run]
    most = max(points, default=1.0) or 1.0

    def place(at: float, value: float) -> str:
        return f"{LEFT + WIDTH * at / last:.1f},{top + HEIGHT * (1 - value / most):.1f}"

    return element(
        "g",
        element("text", title, x=LEFT, y=top - 6, font_weight="bold"),
        element("rect", x=LEFT, y=top, width=WIDTH, height=HEIGHT, fill="none", stroke="#999999"),
        element("text", f"{most:,.0f}", x=LEFT - 6, y=top + 8, text_anchor="end"),
        element("text", "0", x=LEFT - 6, y=top + HEIGHT, text_anchor="end"),
        element("text", f"{last / 60:.0f} min", x=LEFT + WIDTH, y=top + HEIGHT + 14),
        join(_strokes(samples, top=top, last=last)),
        join(_drawn(lines, place)),
        join(_names(lines, top=top)),
    )


def _strokes(samples: Samples, *, top: float, last: float) -> Iterator[Markup]:
    for at, name in samples.marks:
        x = LEFT + WIDTH * min(at / last, 1.0)
        yield element(
            "line",
            element("title", name),
            x1=x,
            x2=x,
            y1=top,
            y2=top + HEIGHT,
            stroke="#cccccc",
            stroke_width=0.5,
        )


def _drawn(lines: Lines, place: Callable[[float, float], str]) -> Iterator[Markup]:
    for number, (name, runs) in enumerate(lines.items()):
        for run in runs:
            yield element(
                "polyline",
                element("title", name),
                points=" ".join(place(at, value) for at, value in run),
                fill="none",
                stroke=COLOURS[number % len(COLOURS)],
                stroke_width=1,
                stroke_dasharray="4 2" if number >= len(COLOURS) else None,
            )


def _names(lines: Lines, *, top: float) -> Iterator[Markup]:
    for number, name in enumerate(lines):
        yield element(
            "text",
            name,
            x=LEFT + WIDTH + 10,
            y=top + 10 + 12 * number,
            fill=COLOURS[number % len(COLOURS)],
        )
