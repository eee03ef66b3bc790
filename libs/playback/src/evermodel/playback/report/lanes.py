"""The life of the model on one axis: who serves what share, alarms, trainings, verdicts, steps."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from evermodel.common.events.drift import DriftDetected
from evermodel.common.events.envelope import Event
from evermodel.common.events.payload import Payload
from evermodel.common.events.rollout import RolloutStep
from evermodel.common.events.training import ModelTrained
from evermodel.common.events.validation import ModelValidated
from evermodel.playback.journal import Journal
from evermodel.playback.report.axis import LEFT, TimeAxis, chart
from evermodel.playback.report.markup import Markup, element, join, tooltip

_SERVING_TOP, _SERVING_HEIGHT, _LANE = 14.0, 84.0, 34.0
_COLOURS = ("#3b6fb6", "#2a9d8f", "#e07a3f", "#8e5ea2", "#c0392b", "#7f8c3a", "#5d6d7e")
_LANES = ("alarms", "quality", "trainings", "validations", "rollout steps")
_BAD, _GOOD, _WARN, _CALM = "#c0392b", "#2a9d8f", "#e0a030", "#8a94a6"


def colour(version: int) -> str:
    """Return the colour of `version` everywhere on the page."""
    return _COLOURS[(version - 1) % len(_COLOURS)]


def timeline(journal: Journal, axis: TimeAxis) -> Markup:
    """Return the chart."""
    first = _SERVING_TOP + _SERVING_HEIGHT + 12
    bottom = first + _LANE * len(_LANES)
    parts = [axis.grid(top=_SERVING_TOP, bottom=bottom), _serving(journal, axis)]
    for number, name in enumerate(_LANES):
        y = first + _LANE * (number + 0.5)
        parts.append(_label(name, y))
        parts.append(element("line", x1=LEFT, x2=axis.x(axis.end), y1=y, y2=y, class_="lane"))
    for event in journal.events:
        mark = _mark(event)
        if mark is not None:
            lane, shape, fill, text = mark
            y = first + _LANE * (_LANES.index(lane) + 0.5)
            parts.append(_shape(shape, axis.x(event.meta.time), y, fill, text))
    return chart(*parts, height=bottom + 26, label="the model's life on one time axis")


def _label(text: str, y: float) -> Markup:
    return element("text", text, x=LEFT - 12, y=y + 4, class_="label", text_anchor="end")


def _serving(journal: Journal, axis: TimeAxis) -> Markup:
    """Return stacked shares of traffic; before the first model nothing serves."""
    steps = [(e.meta.time, e.payload) for e in journal.events if isinstance(e.payload, RolloutStep)]
    parts = [_label("share of traffic", _SERVING_TOP + _SERVING_HEIGHT / 2)]
    for number, (time, step) in enumerate(steps):
        until = steps[number + 1][0] if number + 1 < len(steps) else axis.end
        parts += _stack(step, axis, time, until)
    return join(parts)


def _stack(step: RolloutStep, axis: TimeAxis, time: datetime, until: datetime) -> Iterable[Markup]:
    bottom, left, width = _SERVING_TOP + _SERVING_HEIGHT, axis.x(time), axis.x(until) - axis.x(time)
    if width <= 0:
        return
    for player in sorted(step.in_play, key=lambda v: v.version):
        if player.weight:
            height = _SERVING_HEIGHT * player.weight / 100
            bottom -= height
            yield element(
                "rect",
                tooltip(f"v{player.version} serves {player.weight} % from {time:%d %b %H:%M}"),
                x=left,
                y=bottom,
                width=width,
                height=height,
                fill=colour(player.version),
            )
            if player.weight == 100 and width > 24:
                yield element(
                    "text",
                    f"v{player.version}",
                    x=left + width / 2,
                    y=bottom + height / 2 + 5,
                    class_="on-bar",
                    text_anchor="middle",
                )


def _mark(event: Event[Payload]) -> tuple[str, str, str, str] | None:
    """Return lane, shape, colour and words of an event, or None when it has no mark."""
    match event.payload:
        case DriftDetected() as verdict:
            fill = {"watch": _WARN, "retrain": _BAD, "cleared": _GOOD}[verdict.severity]
            shape = "ring" if verdict.severity == "cleared" else "dot"
            lane = "quality" if verdict.cause == "quality" else "alarms"
            words = f"{verdict.severity} ({verdict.cause}): {verdict.reason}"
        case ModelTrained() as trained:
            fill = _GOOD if trained.outcome == "trained" else _BAD
            lane, shape = "trainings", "square"
            words = f"{trained.outcome}: {trained.rows} rows, {trained.reason}"
        case ModelValidated() as validated:
            fill = _GOOD if validated.verdict == "accepted" else _BAD
            lane, shape = "validations", "square"
            words = f"v{validated.version or '-'} {validated.verdict}: {_joined(validated.reasons)}"
        case RolloutStep() as step:
            undone = step.action in ("aborted", "rolled_back")
            fill = _BAD if undone else _WARN if step.action == "held" else colour(step.version)
            lane, shape = "rollout steps", "cross" if undone else "dot"
            words = f"v{step.version} {step.action}: {step.reason}"
        case _:
            return None
    return lane, shape, fill, f"{event.meta.time:%d %b %H:%M} {words}"


def _joined(reasons: Sequence[str]) -> str:
    return "; ".join(reasons)


def _shape(shape: str, x: float, y: float, fill: str, text: str) -> Markup:
    title = tooltip(text)
    match shape:
        case "square":
            return element("rect", title, x=x - 6, y=y - 6, width=12, height=12, rx=2, fill=fill)
        case "cross":
            path = f"M{x - 6:.1f},{y - 6:.1f}l12,12m0,-12l-12,12"
            return element("path", title, d=path, stroke=fill, stroke_width=4, fill="none")
        case "ring":
            return element(
                "circle", title, cx=x, cy=y, r=5, fill="white", stroke=fill, stroke_width=3
            )
        case _:
            return element("circle", title, cx=x, cy=y, r=6, fill=fill)


LEGEND = (
    ("watch", _WARN),
    ("retrain, failed, rejected, taken back", _BAD),
    ("cleared, trained, accepted", _GOOD),
)
CALM = _CALM
