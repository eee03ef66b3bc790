"""The page: self-contained, escaped, the same bytes for the same run."""

from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

from evermodel.common.events.drift import DriftDetected
from evermodel.common.events.envelope import Event, EventMeta
from evermodel.common.events.outcomes import OutcomesMatured, VersionOutcomes
from evermodel.common.events.payload import Payload, Span
from evermodel.common.events.windows import TransactionsWindowed, WindowCounters
from evermodel.common.kernel.ids import EpisodeId, EventId, ModelName
from evermodel.common.models.description import ModelDescription
from evermodel.playback.effects import WindowEffects
from evermodel.playback.journal import Journal
from evermodel.playback.report.page import Content, page
from evermodel.playback.summary import Scene, Tally, summarise

HOSTILE = '<script>alert("x")</script>&\''
SMALL = ModelName("small")
START = datetime(2025, 1, 1, tzinfo=UTC)


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
        known_until=START,
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


def test_names_from_data_cannot_become_elements(model: ModelDescription) -> None:
    text = _page(model)
    assert "script" not in _elements(text).names
    assert "<script" not in text
    assert "&lt;script&gt;" in text


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
