"""Lines over time: recall and precision week by week for each version, alert rate by window."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import floor, log10

from evermodel.common.events.outcomes import OutcomesMatured
from evermodel.common.events.windows import TransactionsWindowed
from evermodel.playback.journal import Journal
from evermodel.playback.report.axis import LEFT, TimeAxis, chart
from evermodel.playback.report.lanes import colour
from evermodel.playback.report.markup import Markup, element, join, tooltip

_HEIGHT, _TOP = 150.0, 12.0
_WEEK = timedelta(days=7)
_NAME_WIDTH, _NAME_HEIGHT = 24.0, 13.0


@dataclass(frozen=True, slots=True)
class Point:
    """A value at a time, and what to say about it."""

    time: datetime
    value: float
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """Points of one thing."""

    name: str
    colour: str
    points: Sequence[Point]


def performance(journal: Journal, axis: TimeAxis) -> Sequence[tuple[str, Markup]]:
    """Return title and chart of recall and of precision, by week of the transactions."""
    weeks = _weeks(journal, axis.start)
    charts = []
    for metric in ("recall", "precision"):
        lines = _lines(weeks, metric)
        if lines:  # a version that never alerted has no precision
            charts.append((f"{metric.capitalize()}, week by week", _chart(lines, axis, metric)))
    return charts


def alert_rate(journal: Journal, axis: TimeAxis) -> Markup | None:
    """Return the chart of the share of transactions alerted in each window."""
    points = [
        Point(
            (w.window.start + (w.window.end - w.window.start) / 2),
            w.alert_rate,
            f"{w.window.start:%d %b}: {w.alert_rate:.2%} of {w.counters.rows:,} alerted",
        )
        for e in journal.events
        if isinstance(w := e.payload, TransactionsWindowed) and w.alert_rate is not None
    ]
    if not points:
        return None
    return _chart([Line("alerts", "#3b4a66", points)], axis, "share alerted")


_Counts = Mapping[tuple[int, datetime], Sequence[int]]


def _weeks(journal: Journal, start: datetime) -> _Counts:
    """Return (true positives, false positives, false negatives) by version and week."""
    sums: dict[tuple[int, datetime], list[int]] = defaultdict(lambda: [0, 0, 0])
    for event in journal.events:
        if isinstance(event.payload, OutcomesMatured):
            week = start + (event.payload.cohort.start - start) // _WEEK * _WEEK
            for version in event.payload.versions:
                found = sums[version.version, week]
                found[0] += version.true_positives
                found[1] += version.false_positives
                found[2] += version.false_negatives
    return sums


def _lines(weeks: _Counts, metric: str) -> list[Line]:
    lines = []
    for version in sorted({version for version, _ in weeks}):
        points = []
        for (who, week), (caught, wrong, missed) in sorted(weeks.items()):
            among = caught + (missed if metric == "recall" else wrong)
            if who == version and among:
                value = caught / among
                text = f"v{version}, week of {week:%d %b}: {metric} {value:.3f} ({caught}/{among})"
                points.append(Point(week + _WEEK / 2, value, text))
        if points:
            lines.append(Line(f"v{version}", colour(version), points))
    return lines


def _chart(lines: Sequence[Line], axis: TimeAxis, label: str) -> Markup:
    highest = max(p.value for line in lines for p in line.points)
    top = 1.0 if highest > 0.5 else _round_above(max(highest, 1e-6))
    bottom = _TOP + _HEIGHT
    parts = [axis.grid(top=_TOP, bottom=bottom), _scale(top, axis)]
    for line in lines:
        parts += _drawn(line, axis, top)
    parts += _names(lines, axis, top)
    return chart(*parts, height=bottom + 26, label=label)


def _round_above(value: float) -> float:
    """Return the next number above that divides by four into marks people read easily."""
    decade = 10.0 ** floor(log10(value))
    return next(m * decade for m in (1, 2, 4, 6, 8, 10, 20) if m * decade >= value * 1.02)


def _scale(top: float, axis: TimeAxis) -> Markup:
    parts = []
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        y, value = _TOP + _HEIGHT * (1 - share), top * share
        text = f"{value:.2f}" if top > 0.5 else f"{value:.2%}"
        parts.append(element("line", x1=LEFT, x2=axis.x(axis.end), y1=y, y2=y, class_="lane"))
        parts.append(element("text", text, x=LEFT - 12, y=y + 4, class_="tick", text_anchor="end"))
    return join(parts)


def _drawn(line: Line, axis: TimeAxis, top: float) -> Iterable[Markup]:
    places = [(axis.x(p.time), _y(p, top), p.text) for p in line.points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in places)
    yield element("polyline", points=path, fill="none", stroke=line.colour, stroke_width=2.5)
    for x, y, text in places:
        yield element("circle", tooltip(text), cx=x, cy=y, r=4, fill=line.colour)


def _y(point: Point, top: float) -> float:
    return _TOP + _HEIGHT * (1 - min(point.value / top, 1.0))


def _names(lines: Sequence[Line], axis: TimeAxis, top: float) -> Iterable[Markup]:
    """Yield each line's name at its end; where two would cover each other they move apart."""
    ends = [(axis.x(line.points[-1].time), _y(line.points[-1], top), line) for line in lines]
    taken: list[tuple[float, float]] = []
    for x, wanted, line in sorted(ends, key=lambda end: end[1]):
        near = [y for other, y in taken if abs(other - x) < _NAME_WIDTH]
        y = max([wanted, *(other + _NAME_HEIGHT for other in near)])
        taken.append((x, y))
        yield element("text", line.name, x=x + 9, y=y + 4, class_="name", fill=line.colour)
