"""Outcomes are scores joined with labels of one age; each cohort is counted exactly once."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evermodel.common.events.envelope import EventMeta
from evermodel.common.events.outcomes import OutcomesMatured
from evermodel.common.events.payload import Span
from evermodel.common.events.windows import TransactionsWindowed, WindowCounters
from evermodel.common.kernel.errors import Permanent, Transient
from evermodel.common.kernel.ids import EventId
from evermodel.common.messaging.api import Held, Reaction
from evermodel.common.messaging.records import TopicPartition
from evermodel.common.models.file import parse_model
from evermodel.common.testing.harness import Harness
from evermodel.common.testing.sample import settled
from evermodel.drift.adapters.duckdb_outcomes import DuckdbOutcomes
from evermodel.drift.domain.outcomes import Joined, cohort_of, pairs_of
from evermodel.drift.handlers.outcomes import OutcomesHandler
from evermodel.drift.wiring import assemble_outcomes

DAY = timedelta(days=1)
T = datetime(2026, 6, 14, tzinfo=UTC)
NOON = datetime(2026, 6, 6, 12, tzinfo=UTC)
UTC_TIME = pa.timestamp("us", tz="UTC")
MODEL = parse_model(
    '[model]\nname = "fraud"\n[stream]\ntime = "T"\nlabel = "L"\nlabel_delay = "7d"\n'
    '[features]\ncontinuous = ["A"]\n',
    source="test",
)


def scored(
    root: Path, *, name: str = "p0-0.parquet", at: datetime = NOON, **columns: object
) -> None:
    folder = root / "fraud/scored/day=2026-06-06/w=20260606T0000"
    folder.mkdir(parents=True, exist_ok=True)
    ids = columns["id"]
    assert isinstance(ids, list)
    table = pa.table({"time": pa.array([at] * len(ids), UTC_TIME), **columns})
    pq.write_table(table, folder / name)


def label(root: Path, row: str, value: int, known_at: datetime) -> None:
    folder = root / f"fraud/labels/day={known_at:%Y-%m-%d}"
    folder.mkdir(parents=True, exist_ok=True)
    columns = {
        "id": [row],
        "label": pa.array([value], pa.int8()),
        "known_at": pa.array([known_at], UTC_TIME),
    }
    pq.write_table(pa.table(columns), folder / f"{row}-{known_at:%H%M%S}.parquet")


def windowed(
    end: datetime = T, quality: Literal["pass", "fail"] = "pass"
) -> tuple[TransactionsWindowed, EventMeta]:
    window = Span(start=end - DAY, end=end)
    counters = WindowCounters(rows=1)
    event = TransactionsWindowed(
        model=MODEL.name, window=window, counters=counters, quality=quality, champion=1
    )
    meta = EventMeta(id=EventId("w"), type=event.TYPE, source="/t", subject="fraud", time=end)
    return event, meta


def matured(root: Path) -> OutcomesMatured:
    handler = OutcomesHandler(models={"fraud": MODEL}, lake=DuckdbOutcomes(root))
    held = handler.on_transactions_windowed(*windowed())
    assert isinstance(held, Held)
    (emit,) = settled(held).events
    assert isinstance(emit.payload, OutcomesMatured)
    assert emit.time == T
    return emit.payload


def test_counts_follow_the_rows(tmp_path: Path) -> None:
    scored(
        tmp_path,
        id=["a", "b", "c", "d", "e"],
        score_v1=[0.9, 0.1, 0.8, 0.0, 0.5],
        alert_v1=[True, False, True, False, False],
        score_v2=[0.9, 0.7, 0.1, 0.1, None],
        alert_v2=[True, True, False, False, None],
    )
    for row in "abce":
        label(tmp_path, row, int(row in "abe"), T - timedelta(hours=1))
    event = matured(tmp_path)
    assert event.cohort == Span(start=T - 8 * DAY, end=T - 7 * DAY)
    assert (event.rows, event.labelled, event.frauds) == (5, 4, 3)
    one, two = event.versions
    assert (one.true_positives, one.false_positives) == (1, 1)
    assert (one.false_negatives, one.true_negatives) == (2, 0)
    assert (two.true_positives, two.false_negatives, two.true_negatives) == (2, 0, 1)
    assert (sum(one.fraud_scores), one.fraud_scores[18]) == (3, 1)
    (pair,) = event.paired
    assert (pair.champion, pair.challenger) == (1, 2)
    assert (pair.frauds_both, pair.frauds_challenger_only, pair.genuine_champion_only) == (1, 1, 1)


def test_a_row_written_twice_counts_once_and_the_latest_label_wins(tmp_path: Path) -> None:
    for name in ("p0-0.parquet", "p1-0.parquet"):
        scored(tmp_path, name=name, id=["a"], score_v1=[0.9], alert_v1=[True])
    label(tmp_path, "a", 1, T - 3 * DAY)
    label(tmp_path, "a", 0, T - 2 * DAY)
    event = matured(tmp_path)
    assert (event.rows, event.frauds, event.versions[0].false_positives) == (1, 0, 1)


def test_a_label_known_at_the_windows_end_does_not_count_yet(tmp_path: Path) -> None:
    scored(tmp_path, id=["a"], score_v1=[0.9], alert_v1=[True])
    label(tmp_path, "a", 1, T)
    assert matured(tmp_path).labelled == 0


def test_rows_of_the_next_day_do_not_count(tmp_path: Path) -> None:
    scored(tmp_path, at=T - 7 * DAY, id=["a"], score_v1=[0.9], alert_v1=[True])
    assert matured(tmp_path).rows == 0


def test_a_cohort_without_rows_is_still_said(tmp_path: Path) -> None:
    event = matured(tmp_path)
    assert (event.rows, event.versions, event.paired) == (0, (), ())


def test_a_cohort_that_no_version_scored_is_counted(tmp_path: Path) -> None:
    scored(tmp_path, id=["a", "b"])
    label(tmp_path, "a", 1, T - DAY)
    event = matured(tmp_path)
    assert (event.rows, event.frauds, event.versions) == (2, 1, ())


def test_a_model_nobody_described_is_permanent(tmp_path: Path) -> None:
    handler = OutcomesHandler(models={}, lake=DuckdbOutcomes(tmp_path))
    with pytest.raises(Permanent, match="fraud"):
        handler.on_transactions_windowed(*windowed())


@given(
    delay=st.integers(0, 200),
    length=st.integers(1, 50),
    merged=st.lists(st.integers(1, 3), min_size=1, max_size=20),
)
def test_cohorts_tile_the_time_as_windows_do(delay: int, length: int, merged: list[int]) -> None:
    edge, last = 0, None
    for count in merged:
        start, end = edge, edge + count * length
        cohort = cohort_of(start=start, end=end, delay=delay, length=length)
        assert cohort[1] - cohort[0] == end - start
        assert cohort[1] <= end - delay
        assert last in {None, cohort[0]}
        edge, last = end, cohort[1]


def test_the_champion_comes_first_in_a_pair() -> None:
    assert pairs_of([1, 2, 3], champion=2) == [(2, 1), (1, 3), (2, 3)]
    assert pairs_of([4, 7], champion=None) == [(4, 7)]


def answer(handler: OutcomesHandler, *said: object) -> Reaction:
    held = handler.on_transactions_windowed(*said)  # type: ignore[arg-type]  # as windowed() gives
    assert isinstance(held, Held)
    return settled(held)


def test_a_cohort_of_a_window_that_failed_quality_says_so_also_after_a_restart(
    tmp_path: Path,
) -> None:
    lake = DuckdbOutcomes(tmp_path)
    handler = OutcomesHandler(models={"fraud": MODEL}, lake=lake)
    state = dict(answer(handler, *windowed(T - 7 * DAY, "fail")).state)
    again = OutcomesHandler(models={"fraud": MODEL}, lake=lake)
    kept = {key: value for key, value in state.items() if value is not None}
    again.on_restored(TopicPartition("transactions.windowed", 0), kept, 1)
    for days, failed in ((1, False), (0, True)):
        (emit,) = answer(again, *windowed(T - days * DAY)).events
        assert isinstance(emit.payload, OutcomesMatured)
        assert emit.payload.quality_failed is failed
    after = answer(again, *windowed(T + DAY))
    assert isinstance(after.events[0].payload, OutcomesMatured)
    assert not after.events[0].payload.quality_failed
    assert after.state == {"fraud": b"[]"}, "what has matured need not be kept"


class AwayOnce(DuckdbOutcomes):
    """A lake that does not answer the first time."""

    is_away = True

    def join(self, model: str, **when: datetime) -> Joined:
        if self.is_away:
            self.is_away = False
            raise Transient("the lake does not answer")
        return super().join(model, **when)


def test_a_broken_window_is_remembered_though_the_lake_did_not_answer_at_once(
    tmp_path: Path,
) -> None:
    harness = Harness()
    harness.add(assemble_outcomes(models={"fraud": MODEL}, lake=AwayOnce(tmp_path)))
    broken, _ = windowed(quality="fail")
    harness.publish(broken, time=T)
    harness.run()
    harness.add(assemble_outcomes(models={"fraud": MODEL}, lake=DuckdbOutcomes(tmp_path)))
    later, _ = windowed(end=T + MODEL.stream.label_delay)
    harness.publish(later, time=T + MODEL.stream.label_delay)
    harness.run()
    first, second = (event.payload for event in harness.events(OutcomesMatured))
    assert not first.quality_failed
    assert second.cohort == broken.window
    assert second.quality_failed
