"""The life of the model on one axis: who serves what share, alarms, trainings, verdicts, steps.

What a mark means is in its shape; its colour only repeats it (see ``marks``).
"""

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
from evermodel.playback.report.marks import CLEARED, FAILED, PASSED, RETRAIN, WATCH, Mark, drawn
from evermodel.playback.report.markup import Markup, element, join, tooltip

_SERVING_TOP, _SERVING_HEIGHT, _LANE = 14.0, 84.0, 34.0
_COLOURS = ("#3b6fb6", "#2a9d8f", "#e07a3f", "#8e5ea2", "#c0392b", "#7f8c3a", "#5d6d7e")
_LANES = ("alarms", "quality", "trainings", "validations", "rollout steps")


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
            lane, look, text = mark
            y = first + _LANE * (_LANES.index(lane) + 0.5)
            parts.append(drawn(look, x=axis.x(event.meta.time), y=y, text=text))
    return chart(*parts, height=bottom + 26, label="the model's life on one time axis")


def _label(text: str, y: float) -> Markup:
    return element("text", text, x=LEFT - 12, y=y + 4, class_="label", text_anchor="end")


def _serving(journal: Journal, axis: TimeAxis) -> Markup:
    """Return stacked shares of traffic; before the first model nothing serves."""
    steps = list(_runs(journal))
    parts = [_label("share of traffic", _SERVING_TOP + _SERVING_HEIGHT / 2)]
    for number, (time, step) in enumerate(steps):
        until = steps[number + 1][0] if number + 1 < len(steps) else axis.end
        parts += _stack(step, axis, time, until)
    return join(parts)


def _runs(journal: Journal) -> Iterable[tuple[datetime, RolloutStep]]:
    """Yield each step that changed who serves how much, with its time."""
    before = None
    for event in journal.events:
        if isinstance(event.payload, RolloutStep):
            shares = {v.version: v.weight for v in event.payload.in_play if v.weight}
            if shares != before:
                yield event.meta.time, event.payload
            before = shares


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


def _mark(event: Event[Payload]) -> tuple[str, Mark, str] | None:
    """Return lane, mark and words of an event, or None when it has none."""
    match event.payload:
        case DriftDetected() as verdict:
            mark = {"watch": WATCH, "retrain": RETRAIN, "cleared": CLEARED}[verdict.severity]
            lane = "quality" if verdict.cause == "quality" else "alarms"
            words = f"{verdict.severity} ({verdict.cause}): {verdict.reason}"
        case ModelTrained() as trained:
            mark = PASSED if trained.outcome == "trained" else FAILED
            lane = "trainings"
            words = f"{trained.outcome}: {trained.rows} rows, {trained.reason}"
        case ModelValidated() as validated:
            mark = PASSED if validated.verdict == "accepted" else FAILED
            lane = "validations"
            words = f"v{validated.version or '-'} {validated.verdict}: {_joined(validated.reasons)}"
        case RolloutStep() as step:
            undone = step.action in ("aborted", "rolled_back")
            forward = Mark("dot", colour(step.version))
            mark = FAILED if undone else WATCH if step.action == "held" else forward
            lane = "rollout steps"
            words = f"v{step.version} {step.action}: {step.reason}"
        case _:
            return None
    return lane, mark, f"{event.meta.time:%d %b %H:%M} {words}"


def _joined(reasons: Sequence[str]) -> str:
    return "; ".join(reasons)
