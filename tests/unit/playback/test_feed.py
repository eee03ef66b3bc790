"""The records that a table becomes: complete, in their windows, labels never early."""

import json
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from evermodel.common.events.traffic import Label, Watermark
from evermodel.common.models.description import ModelDescription
from evermodel.playback.feed import Feed, in_order, watermarks
from evermodel.playback.source import BadData, read_frame

_EARLY, _LATE = datetime(2024, 12, 1, tzinfo=UTC), datetime(2025, 6, 1, tzinfo=UTC)


def _feed(frame: pl.DataFrame, model: ModelDescription, until: datetime | None = None) -> Feed:
    return Feed(read_frame(frame, model=model), until=until)


def test_every_row_is_fed_once_in_its_own_window(
    frame: pl.DataFrame, model: ModelDescription
) -> None:
    fed = []
    for window in _feed(frame, model).windows():
        for record in window.transactions:
            row = json.loads(record.value or b"")
            time = datetime.fromisoformat(row["at"]).replace(tzinfo=UTC)
            assert window.start <= time < window.end
            fed.append(row["key"])
    assert fed == frame["key"].to_list()


def test_a_record_has_the_model_columns_and_neither_label_nor_leak(
    frame: pl.DataFrame, model: ModelDescription
) -> None:
    first = next(iter(_feed(frame, model).windows())).transactions
    assert first[0].key == b"c0"
    assert first[0].headers == (("ce_subject", b"small"),)
    assert json.loads(first[0].value or b"") == {
        "at": "2025-01-01 00:00:00",
        "key": 100,
        "who": "c0",
        "sum": 0.5,
        "shop": None,
        "night": True,
    }
    assert json.loads(first[1].value or b"")["shop"] == 'sh"op1é'


def test_a_label_travels_when_it_is_known_and_not_before(
    frame: pl.DataFrame, model: ModelDescription
) -> None:
    labels = {}
    for window in _feed(frame, model).windows():
        for record in window.labels:
            label = Label.model_validate_json(record.value or b"")
            assert window.start <= label.known_at < window.end
            labels[label.id] = label.known_at
    times = dict(zip(frame["key"].cast(pl.String), frame["at"], strict=True))
    assert len(labels) == 24  # of five days, those of the last two are not known yet
    for key, known in labels.items():
        assert known == times[key].replace(tzinfo=UTC) + timedelta(days=2)


def test_until_ends_the_feed_at_a_window_edge(frame: pl.DataFrame, model: ModelDescription) -> None:
    feed = _feed(frame, model, datetime(2025, 1, 3, 12, tzinfo=UTC))
    assert [w.start.day for w in feed.windows()] == [1, 2]


def test_a_window_without_rows_is_still_a_window(
    frame: pl.DataFrame, model: ModelDescription
) -> None:
    gap = frame.filter(pl.col("at").dt.day() != 3)
    assert [len(w.transactions) for w in _feed(gap, model).windows()] == [8, 8, 0, 8, 8]


def test_the_first_training_ends_after_one_training_window_and_its_labels(
    frame: pl.DataFrame, model: ModelDescription
) -> None:
    feed = _feed(frame, model)
    assert feed.bootstrap_end(None) == datetime(2025, 1, 31, tzinfo=UTC)
    odd = datetime(2025, 1, 4, 13, tzinfo=UTC)
    assert feed.bootstrap_end(odd) == datetime(2025, 1, 4, tzinfo=UTC)


def test_a_watermark_goes_to_every_partition(model: ModelDescription) -> None:
    time = datetime(2025, 1, 2, tzinfo=UTC)
    marks = watermarks("transactions", partitions=3, model=model, time=time)
    assert [m.partition for m in marks] == [0, 1, 2]
    assert Watermark.model_validate_json(marks[0].value or b"").time == time
    assert marks[0].headers[0] == ("ce_type", Watermark.TYPE.encode())


@pytest.mark.parametrize(
    ("bootstrap_until", "until", "says", "silent"),
    [
        (None, _EARLY, "--until 2024-12-01 00:00 leaves nothing to play", "bootstrap"),
        (_EARLY, None, "--bootstrap-until must lie inside", "training.window"),
        (_LATE, None, "--bootstrap-until must lie inside", "training.window"),
        (datetime(2025, 1, 4, tzinfo=UTC), datetime(2025, 1, 3, tzinfo=UTC), "a later --until", ""),
        (None, None, "shorter training.window or stream.label_delay", "--until"),
    ],
)
def test_a_span_without_a_first_model_names_what_says_so(
    frame: pl.DataFrame,
    model: ModelDescription,
    bootstrap_until: datetime | None,
    until: datetime | None,
    says: str,
    silent: str,
) -> None:
    feed = _feed(frame, model, until)
    with pytest.raises(BadData) as caught:
        feed.require_history(bootstrap_until=bootstrap_until, until=until)
    said = str(caught.value).replace("--bootstrap-until", "") if silent == "--until" else ""
    assert says in str(caught.value)
    assert not silent or silent not in (said or str(caught.value))


def test_a_first_model_inside_of_what_is_played_is_well(
    frame: pl.DataFrame, model: ModelDescription
) -> None:
    inside, until = datetime(2025, 1, 3, tzinfo=UTC), datetime(2025, 1, 5, tzinfo=UTC)
    _feed(frame, model, until).require_history(bootstrap_until=inside, until=until)


def test_windows_of_several_tables_come_in_order_and_those_that_end_together_at_once(
    frame: pl.DataFrame, model: ModelDescription
) -> None:
    days, half_days = (
        model.model_copy(update={"windows": model.windows.model_copy(update={"length": length})})
        for length in (timedelta(days=1), timedelta(hours=12))
    )
    feeds = [_feed(frame, days), _feed(frame, half_days)]
    played = list(in_order(feeds))
    ends = [end for end, _ in played]
    assert ends == sorted(set(ends))
    assert all(window.end == end for end, ending in played for _, window in ending)
    together = [[feeds.index(feed) for feed, _ in ending] for _, ending in played]
    assert together[:4] == [[1], [0, 1], [1], [0, 1]]
    for feed in feeds:
        mine = [window.start for _, ending in played for f, window in ending if f is feed]
        assert mine == [window.start for window in feed.windows()]


def test_labels_are_counted_by_when_they_become_known(
    frame: pl.DataFrame, model: ModelDescription
) -> None:
    """Every third hour a row from the 1st on, each tenth a fraud, known two days later."""
    feed = _feed(frame, model)
    third, fourth = (datetime(2025, 1, day, tzinfo=UTC) for day in (3, 4))
    assert feed.known_between(_EARLY, third) == (0, 0)
    assert feed.known_between(third, fourth) == (8, 1)
    assert feed.known_between(_EARLY, _LATE) == (40, 4)
    some = frame.with_columns(bad=pl.when(pl.col("bad") == 1).then(1))
    with_none = some.with_columns(bad=pl.when(pl.col("key") == 101).then(0).otherwise("bad"))
    assert _feed(with_none, model).known_between(_EARLY, _LATE) == (5, 4)
