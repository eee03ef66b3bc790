"""Each step of the rule is needed, and each does what it says."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evermodel.common.events.windows import WindowCounters
from evermodel.drift.domain.episodes import History, Policy, Signal, decide
from evermodel.drift.domain.performance import Standing, Track, evidence_of, has_fallen
from evermodel.drift.domain.quality import failures_of
from evermodel.drift.domain.standing import ModelState
from evermodel.drift.handlers.judging import judge
from tests.unit.drift.bench import DAY, MONDAY
from tests.unit.drift.windows import MODEL, REFERENCE, Stream, window

POLICY = Policy(persistence=2, cool_down=timedelta(days=5), cohorts=3)


@pytest.fixture
def stream() -> Stream:
    return Stream(ModelState(champion=1, reference_id=REFERENCE.reference_id))


def test_a_stationary_stream_never_asks_for_a_retrain(stream: Stream) -> None:
    """Windows a fifth of the usual least size: a first sign may come by chance, and passes."""
    said = [v for n in range(60) for v in stream.add(window(n))]
    assert ("feature", "retrain") not in said
    assert len(said) <= 4


def test_a_drift_is_watched_once_then_retrained_once_then_cleared(stream: Stream) -> None:
    shifts = [0, 0.6, 0.6, 0.6, 0.6, 0, 0, 0]
    said = [stream.add(window(n, shift=s)) for n, s in enumerate(shifts)]
    assert said == [
        [],
        [("feature", "watch")],
        [("feature", "retrain")],
        [],
        [],
        [],
        [("feature", "cleared")],
        [],
    ]


def test_one_flagged_window_alone_never_retrains(stream: Stream) -> None:
    said = [
        stream.add(window(n, rows=4000, alerts=80, shift=0.6 if n == 1 else 0)) for n in range(5)
    ]
    assert [v for verdicts in said for v in verdicts] == [
        ("feature", "watch"),
        ("feature", "cleared"),
    ]


def test_broken_input_is_quality_once_and_never_a_retrain(stream: Stream) -> None:
    said = [stream.add(window(n, nulls=900 if 1 <= n <= 4 else 0)) for n in range(6)]
    assert [v for verdicts in said for v in verdicts] == [
        ("quality", "watch"),
        ("quality", "cleared"),
    ]
    assert set(stream.state.consecutive.values()) == {0}


@pytest.mark.parametrize("alerts", [0, 60])
def test_an_alert_rate_that_leaves_its_band_either_way_is_drift(
    stream: Stream, alerts: int
) -> None:
    said = [v for n in range(8) for v in stream.add(window(n, alerts=alerts))]
    assert said == [("prediction", "retrain")]


def test_small_windows_wait_for_the_next(stream: Stream) -> None:
    assert stream.add(window(0, rows=300, shift=0.9)) == []
    assert stream.state.small is not None
    assert stream.add(window(1, rows=300, shift=0.9)) == [("feature", "watch")]
    assert stream.state.small is None


def test_no_reference_no_drift_verdict(stream: Stream) -> None:
    state, emits = judge(ModelState(), MODEL, window(0, shift=0.9), None)
    assert (state.judged, emits) == (None, [])


def signal(day: int, *, alarm: bool) -> Signal:
    at = MONDAY + day * DAY
    return Signal(
        start=at, now=at + DAY, flagged=alarm, persistent=alarm, prediction=False, performance=False
    )


def test_a_retrain_is_repeated_only_after_cool_down_and_new_labels() -> None:
    history, said = History(), []
    for day in range(12):
        history, ruling = decide(history, signal(day, alarm=True), POLICY)
        said.append(ruling.severity if ruling else None)
    assert said.count("retrain") == 1
    history = History(episode=history.episode, retrain_at=history.retrain_at, cohorts_since=3)
    _, ruling = decide(history, signal(12, alarm=True), POLICY)
    assert ruling is not None
    assert ruling.severity == "retrain"


def test_no_retrain_while_a_rollout_is_under_way() -> None:
    history, ruling = decide(History(rolling_out=True), signal(0, alarm=True), POLICY)
    assert ruling is not None
    assert ruling.severity == "watch"
    _, later = decide(history, signal(1, alarm=True), POLICY)
    assert later is None


@given(st.lists(st.booleans(), max_size=60))
def test_episodes_open_and_clear_in_turn(alarms: list[bool]) -> None:
    history, on = History(), False
    for day, alarm in enumerate(alarms):
        history, ruling = decide(history, signal(day, alarm=alarm), POLICY)
        if ruling is not None:
            assert (ruling.severity == "cleared") <= on
            on = ruling.severity != "cleared"
        assert on == (history.episode is not None)


def standing(hits: list[int], cases: int = 60) -> Standing:
    track = Track()
    for hit in hits:
        track = track.add(hit, cases)
    return Standing(recall=track)


def test_recall_that_collapses_is_proved_and_recall_that_holds_is_not() -> None:
    held = evidence_of(standing([36] * 30), alpha=0.01)
    fallen = evidence_of(standing([36] * 26 + [12] * 4), alpha=0.01)
    assert not has_fallen(held, margin=0.1)
    assert has_fallen(fallen, margin=0.1)


def test_a_promise_held_is_broken_by_chance_no_more_often_than_alpha() -> None:
    random = np.random.default_rng(11)
    wrong = 0
    for _ in range(60):
        track = Standing(recall=Track(promise=(120, 200)))
        for hit in random.binomial(60, 0.5, 30).tolist():
            track = Standing(recall=track.recall.add(hit, 60))
            if has_fallen(evidence_of(track, alpha=0.05), margin=0.1):
                wrong += 1
                break
    assert wrong <= 6


def test_empty_counters_fail_on_volume_alone() -> None:
    found = failures_of(WindowCounters(rows=0), MODEL, reference=REFERENCE, window_class="0")
    assert [f.check for f in found] == ["volume"]
