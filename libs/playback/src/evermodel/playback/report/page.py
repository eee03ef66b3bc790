"""The page: figures, charts, and the story as a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from evermodel.common.events.drift import DriftDetected
from evermodel.common.events.payload import Payload
from evermodel.common.events.rollout import RolloutStep
from evermodel.common.events.training import ModelTrained
from evermodel.common.events.validation import ModelValidated
from evermodel.common.models.description import ModelDescription
from evermodel.playback.effects import WindowEffects
from evermodel.playback.journal import Journal
from evermodel.playback.report.axis import TimeAxis
from evermodel.playback.report.curves import alert_rate, performance
from evermodel.playback.report.heat import heat_map
from evermodel.playback.report.lanes import colour, timeline
from evermodel.playback.report.marks import LEGEND, Mark, key
from evermodel.playback.report.markup import Markup, element
from evermodel.playback.report.style import STYLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Everything the page is made of."""

    journal: Journal
    summary: Mapping[str, Any]
    model: ModelDescription
    windows: Sequence[WindowEffects]


def page(content: Content) -> str:
    """Return the page as HTML, free of wall time: the same run gives the same bytes."""
    summary, journal = content.summary, content.journal.of(content.model.name)
    axis = TimeAxis(_time(summary["from"]), _time(summary["until"]))
    title = f"evermodel: {content.model.name}"
    heat = heat_map(
        content.windows,
        axis,
        length=content.model.windows.length,
        floor=content.model.drift.min_effect,
    )
    rate = alert_rate(journal, axis)
    body = [
        element("h1", title),
        element("p", f"{axis.start:%d %B %Y} to {axis.end:%d %B %Y}, event time", class_="span"),
        _figures(summary),
        _section("What happened", _legend(journal), timeline(journal, axis)),
        *(_section(name, drawn) for name, drawn in performance(journal, axis)),
        _section("Share of transactions alerted", rate) if rate else Markup(),
        _section("Drift by feature and window", _scale(content), heat) if heat else Markup(),
        _section("The story, event by event", _table(journal)),
        element("p", f"Decisions: sha256 {summary['ledger_sha256']}", class_="foot"),
    ]
    meta = Markup(
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    )
    head = element("head", meta, element("title", title), STYLE)
    html = element("html", head, element("body", element("main", *body)), lang="en")
    return f"<!doctype html>\n{html}\n"


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _section(title: str, *children: str) -> Markup:
    return element("section", element("h2", title), *children)


def _figures(summary: Mapping[str, Any]) -> Markup:
    outcomes = [r["outcome"] for r in summary["rollouts"]]
    retrains = sum(
        a["severity"] == "retrain" and a["cause"] != "quality" for a in summary["alarms"]
    )
    quality = sum(a["cause"] == "quality" and a["severity"] != "cleared" for a in summary["alarms"])
    figures = [
        ("transactions", f"{summary['transactions']:,}"),
        ("drift alarms", str(retrains)),
        ("quality verdicts", str(quality)),
        ("trainings", str(len(summary["trainings"]))),
        ("promoted", str(outcomes.count("promoted"))),
        ("taken back", str(outcomes.count("aborted") + outcomes.count("rolled_back"))),
        ("lost", str(summary["lost"])),
        ("duplicated", str(summary["duplicated"])),
    ]
    return element(
        "div",
        *(
            element("div", element("b", value), element("span", name), class_="figure")
            for name, value in figures
        ),
        class_="figures",
    )


def _legend(journal: Journal) -> Markup:
    versions = sorted(
        {e.payload.version for e in journal.events if isinstance(e.payload, RolloutStep)}
    )
    entries = [*((f"v{v}", Mark("dot", colour(v))) for v in versions), *LEGEND]
    return element("p", *(key(name, mark) for name, mark in entries), class_="legend")


def _scale(content: Content) -> Markup:
    floor = content.model.drift.min_effect
    return element(
        "p",
        f"The largest difference in probability against the champion's training data. Green: "
        f"less than {floor:g}, which is too little to matter. Yellow to red: {floor:g} to "
        f"{3 * floor:g} and more. Grey: nothing to compare with. A window of few rows may differ "
        f"that much by chance: an alarm needs evidence beside.",
        class_="note",
    )


def _table(journal: Journal) -> Markup:
    rows = []
    for event in journal.events:
        told = _told(event.payload)
        if told is not None:
            kind, words, mood = told
            rows.append(
                element(
                    "tr",
                    element("td", f"{event.meta.time:%d %b %H:%M}", class_="time"),
                    element("td", kind, class_=f"kind {mood}"),
                    element("td", words),
                )
            )
    return element("table", element("tbody", *rows))


def _told(payload: Payload) -> tuple[str, str, str] | None:
    """Return kind, words and mood of an event that the story tells."""
    match payload:
        case DriftDetected():
            mood = {"watch": "warn", "retrain": "bad", "cleared": "good"}[payload.severity]
            return f"{payload.cause}: {payload.severity}", payload.reason, mood
        case ModelTrained():
            span = payload.data and f"{payload.data.start:%d %b} to {payload.data.end:%d %b}"
            words = f"{payload.reason} ({payload.rows:,} rows, {payload.frauds:,} frauds, {span})"
            return f"training: {payload.outcome}", words, _mood(payload.outcome == "trained")
        case ModelValidated():
            name = f"v{payload.version}: {payload.verdict}" if payload.version else payload.verdict
            return name, "; ".join(payload.reasons), _mood(payload.verdict == "accepted")
        case RolloutStep():
            shares = ", ".join(f"v{v.version} {v.weight} %" for v in payload.in_play)
            undone = payload.action in ("aborted", "rolled_back")
            mood = "bad" if undone else "warn" if payload.action == "held" else "good"
            return f"v{payload.version}: {payload.action}", f"{payload.reason} ({shares})", mood
        case _:
            return None


def _mood(good: bool) -> str:  # noqa: FBT001  # a yes or no is all it says
    return "good" if good else "bad"
