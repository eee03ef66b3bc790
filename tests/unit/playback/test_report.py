"""The page: self-contained, escaped, the same bytes for the same run."""

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest

from evermodel.common.events.drift import DriftDetected
from evermodel.common.events.envelope import Event, EventMeta
from evermodel.common.events.outcomes import OutcomesMatured, VersionOutcomes
from evermodel.common.events.payload import Payload, Span
from evermodel.common.events.rollout import RolloutStep, VersionInPlay
from evermodel.common.events.training import Artefact
from evermodel.common.events.windows import TransactionsWindowed, WindowCounters
from evermodel.common.kernel.ids import EpisodeId, EventId, ModelName, ReferenceId
from evermodel.common.models.description import ModelDescription
from evermodel.playback.effects import WindowEffects
from evermodel.playback.journal import Journal
from evermodel.playback.report.page import Content, page
from evermodel.playback.summary import Scene, Tally, summarise

HOSTILE = '<script>alert("x")</script>&\''
SMALL = ModelName("small")
START = datetime(2025, 1, 1, tzinfo=UTC)
ARTEFACT = Artefact(
    uri="runs:/1/bundle",
    digest="sha256:" + "0" * 64,
    threshold=0.5,
    reference_id=ReferenceId("r"),
)


def _event(payload: Payload, day: int) -> Event[Payload]:
    return Event(
        payload,
        EventMeta(
            id=EventId(f"{payload.TYPE}/{day}"),
            type=payload.TYPE,
            source="/evermodel/test",
            subject="small",
            time=START + timedelta(days=day),
        ),
    )


def _span(day: int) -> Span:
    return Span(start=START + timedelta(days=day), end=START + timedelta(days=day + 1))


def _windowed(day: int) -> TransactionsWindowed:
    return TransactionsWindowed(
        model=SMALL,
        window=_span(day),
        counters=WindowCounters(rows=10),
        quality="pass",
        alert_rate=0.01,
    )


def _matured(day: int) -> OutcomesMatured:
    counts = VersionOutcomes(
        version=1,
        true_positives=5 + day,
        false_positives=3,
        false_negatives=2,
        true_negatives=90,
        fraud_scores=(0,) * 20,
        genuine_scores=(0,) * 20,
    )
    return OutcomesMatured(
        model=SMALL,
        cohort=_span(day),
        known_until=_span(day).end,
        label_age_seconds=0.0,
        rows=100,
        labelled=100,
        frauds=7,
        versions=(counts,),
    )


def _drift(day: int) -> DriftDetected:
    return DriftDetected(
        model=SMALL,
        window=_span(day),
        episode_id=EpisodeId("ep"),
        cause="feature",
        severity="watch",
        onset=START,
        features=(HOSTILE,),
        rows=8,
        reference_id=None,
        champion=1,
        policy="p",
        reason=f"{HOSTILE} moved",
    )


def _step(day: int, version: int, action: Any, **weights: int) -> RolloutStep:
    in_play = tuple(
        VersionInPlay(
            version=int(name[1:]),
            role="champion",
            weight=weight,
            model_uri="models:/small/1",
            artefact=ARTEFACT,
        )
        for name, weight in weights.items()
    )
    return RolloutStep(
        model=SMALL,
        action=action,
        version=version,
        from_version=None,
        step=1,
        in_play=in_play,
        stable_version=1,
        desired_version=version,
        reason=f"because of {day}",
    )


def _told(*events: Event[Payload], model: ModelDescription) -> str:
    scene = Scene(
        model="small",
        start=START,
        until=START + timedelta(days=20),
        tally=Tally(published=1, stored=1, distinct=1),
    )
    journal = Journal(events)
    summary = summarise(journal, scene)
    return page(Content(journal=journal, summary=summary.content, model=model, windows=()))


def _page(model: ModelDescription) -> str:
    events = [_event(_windowed(day), day + 1) for day in range(20)]
    events += [_event(_matured(day), day + 3) for day in range(15)]
    journal = Journal((*events, _event(_drift(4), 5)))
    scene = Scene(
        model="small",
        start=START,
        until=START + timedelta(days=20),
        tally=Tally(published=200, stored=200, distinct=200),
    )
    windows = [
        WindowEffects(START + timedelta(days=day), {HOSTILE: day / 100, "sum": 0.01})
        for day in range(20)
    ]
    summary = summarise(journal, scene)
    return page(Content(journal=journal, summary=summary.content, model=model, windows=windows))


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.links += [v for k, v in attrs if k in ("src", "href", "xlink:href") and v]


def _elements(text: str) -> Any:
    parser = _Elements()
    parser.feed(text)
    return parser


@pytest.mark.guarantee(
    "security",
    fault="names in the data hold HTML",
    promise="the report shows them as text",
    seen="report.html: &lt;script&gt;",
)
def test_names_from_data_cannot_become_elements(model: ModelDescription) -> None:
    text = _page(model)
    assert "script" not in _elements(text).names
    assert "<script" not in text
    assert "&lt;script&gt;" in text


@pytest.mark.guarantee(
    "security",
    fault="the report is opened",
    promise="it fetches nothing from anywhere",
    seen="report.html",
)
def test_the_page_fetches_nothing(model: ModelDescription) -> None:
    text = _page(model)
    assert _elements(text).links == []
    assert "url(" not in text
    assert "@import" not in text


def test_the_same_run_gives_the_same_page(model: ModelDescription) -> None:
    assert _page(model) == _page(model)


def test_every_window_and_feature_has_a_cell_and_every_week_a_point(
    model: ModelDescription,
) -> None:
    text = _page(model)
    assert text.count(": effect 0.") == 2 * 20
    assert text.count("effect 0.010") == 20 + 1
    assert text.count("v1, week of") == 2 * 3


def test_a_version_that_never_alerts_has_a_recall_and_no_precision(
    model: ModelDescription,
) -> None:
    matured = _matured(0)
    silent = matured.versions[0].model_copy(update={"true_positives": 0, "false_positives": 0})
    journal = Journal((_event(matured.model_copy(update={"versions": (silent,)}), 3),))
    scene = Scene(
        model="small",
        start=START,
        until=START + timedelta(days=5),
        tally=Tally(published=1, stored=1, distinct=1),
    )
    summary = summarise(journal, scene)
    text = page(Content(journal=journal, summary=summary.content, model=model, windows=()))
    assert "Recall, week by week" in text
    assert "Precision, week by week" not in text


def test_a_verdict_is_told_by_its_shape_and_not_by_colour_alone(model: ModelDescription) -> None:
    severities: tuple[Any, ...] = ("watch", "retrain", "cleared")
    shapes = set()
    for severity in severities:
        verdict = _drift(4).model_copy(update={"severity": severity})
        text = _told(_event(verdict, 5), model=model)
        (mark,) = re.findall(rf"<(\w+)([^<]*)><title>06 Jan 00:00 {severity}", text)
        shapes.add((mark[0], re.sub(r"#[0-9a-f]{6}|-?[\d.]+", "", mark[1])))
    assert len(shapes) == len(severities)


def test_every_shape_of_the_axis_is_in_the_legend(model: ModelDescription) -> None:
    legend = _told(model=model).partition('class="legend"')[2].partition("</p>")[0]
    for name in ("watch, held", "retrain", "cleared", "trained, accepted", "taken back"):
        assert name in legend
    assert legend.count("<svg") == 5


def test_steps_that_shift_nothing_leave_one_bar(model: ModelDescription) -> None:
    steps = [
        _event(_step(2, 1, "promoted", v1=100), 2),
        _event(_step(9, 1, "completed", v1=100), 9),
    ]
    text = _told(*steps, model=model)
    assert text.count("v1 serves 100 %") == 1
    assert text.count(">v1</text>") == 1
    assert text.count("because of") >= 2 * 2, "both are marked and told"


def test_names_of_lines_that_end_together_do_not_cover_each_other(
    model: ModelDescription,
) -> None:
    first = _matured(3).versions[0]
    alike = tuple(first.model_copy(update={"version": v}) for v in (1, 2, 3))
    matured = _matured(3).model_copy(update={"versions": alike})
    text = _told(_event(matured, 6), model=model)
    recall = text.partition("Recall, week by week")[2].partition("</section>")[0]
    heights = sorted(float(y) for y in re.findall(r'y="([\d.]+)" class="name"', recall))
    assert len(heights) == 3
    assert all(b - a >= 12 for a, b in pairwise(heights))


@pytest.mark.parametrize(
    ("rate", "marks"),
    [
        (0.0163, ["0.00%", "0.50%", "1.00%", "1.50%", "2.00%"]),
        (0.037, ["0.00%", "1.00%", "2.00%", "3.00%", "4.00%"]),
        (0.004, ["0.00%", "0.15%", "0.30%", "0.45%", "0.60%"]),
        (0.0999, ["0.00%", "5.00%", "10.00%", "15.00%", "20.00%"]),
    ],
)
def test_a_scale_is_marked_with_round_numbers(
    rate: float, marks: list[str], model: ModelDescription
) -> None:
    window = _windowed(2).model_copy(update={"alert_rate": rate})
    text = _told(_event(window, 3), model=model)
    chart = text.partition("Share of transactions alerted")[2].partition("</section>")[0]
    assert re.findall(r"[\d.]+%(?=</text>)", chart) == marks


def test_the_page_fits_a_telephone(model: ModelDescription) -> None:
    text = _page(model)
    assert 'name="viewport"' in text
    assert text.count('class="chart"') == text.count('role="img"') > 3, "each chart scrolls"


def test_a_run_without_a_model_has_a_page_too(model: ModelDescription) -> None:
    scene = Scene(
        model="small",
        start=START,
        until=START + timedelta(days=1),
        tally=Tally(published=0, stored=0, distinct=0),
    )
    summary = summarise(Journal(()), scene)
    text = page(Content(journal=Journal(()), summary=summary.content, model=model, windows=()))
    assert "What happened" in text
    assert "Drift by feature" not in text
