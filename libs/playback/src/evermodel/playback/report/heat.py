"""Drift by feature and window: a row per feature, a cell per window, darker is farther."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from evermodel.playback.effects import WindowEffects
from evermodel.playback.report.axis import LEFT, TimeAxis, chart
from evermodel.playback.report.markup import Markup, element, tooltip

_ROW, _TOP = 19.0, 6.0
#: At three times the floor a cell is as dark as it gets.
_DARKEST = 3.0
_BLANK = "#f4f5f7"


def heat_map(
    windows: Sequence[WindowEffects], axis: TimeAxis, *, length: timedelta, floor: float
) -> Markup | None:
    """Return the chart, or None when no window was compared; `floor` is the smallest drift."""
    features = list(dict.fromkeys(name for w in windows for name in w.by_feature))
    if not features:
        return None
    bottom = _TOP + _ROW * len(features)
    parts = []
    for number, feature in enumerate(features):
        y = _TOP + _ROW * number
        parts.append(_name(feature, y))
        parts += [_cell(window, feature, y, axis, length, floor) for window in windows]
    parts.append(axis.grid(top=bottom, bottom=bottom + 4))
    return chart(*parts, height=bottom + 28, label="drift by feature and window")


def _name(feature: str, y: float) -> Markup:
    short = feature if len(feature) <= 36 else f"{feature[:17]}…{feature[-18:]}"
    return element(
        "text",
        tooltip(feature),
        short,
        x=LEFT - 8,
        y=y + _ROW / 2 + 4,
        class_="feature",
        text_anchor="end",
    )


def _cell(  # a place, a size and a value
    window: WindowEffects,
    feature: str,
    y: float,
    axis: TimeAxis,
    length: timedelta,
    floor: float,
) -> Markup:
    effect = window.by_feature.get(feature)
    left, right = axis.x(window.start), axis.x(window.start + length)
    return element(
        "rect",
        tooltip(_words(feature, window.start, effect)),
        x=left + 0.5,
        y=y + 0.5,
        width=max(right - left - 1, 1.0),
        height=_ROW - 1,
        rx=2,
        fill=_BLANK if effect is None else _shade(effect / floor if floor else effect),
    )


def _words(feature: str, start: datetime, effect: float | None) -> str:
    size = "not compared" if effect is None else f"effect {effect:.3f}"
    return f"{feature}, {start:%d %b %H:%M}: {size}"


def _shade(times: float) -> str:
    """Return green below the floor, then from yellow to dark red at three times it."""
    if times < 1.0:
        light = 95 - 10 * times
        return f"hsl(160 35% {light:.0f}%)"
    warm = min((times - 1.0) / (_DARKEST - 1.0), 1.0)
    return f"hsl({48 - 44 * warm:.0f} 85% {66 - 24 * warm:.0f}%)"
