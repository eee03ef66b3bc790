"""A history that is published at once: real services catch up, and each window has all its rows."""

import time
from collections import Counter
from contextlib import closing
from datetime import UTC, timedelta
from itertools import chain
from pathlib import Path

import pytest

from evermodel.common.events.access import OPERATOR, UPSTREAM
from evermodel.common.events.catalogue import LABELS, TRANSACTIONS, TRANSACTIONS_WINDOWED
from evermodel.common.events.codec import decode
from evermodel.common.events.windows import TransactionsWindowed
from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.messaging.reading import partitions_of, read_whole
from evermodel.demo.description import write_description
from evermodel.embedded.services import ROLES
from evermodel.embedded.stack import Stack, stack
from evermodel.playback.feed import Feed, floor, watermarks
from evermodel.playback.source import TIME, Table, read_frame
from tests.e2e.small_bank import STILL, brought

ACTING = tuple(r for r in ROLES if r.name in {"scorer", "drift-windower", "drift-detector"})
PATIENCE_SECONDS = 120.0


def hourly() -> Table:
    """Return a bank whose windows are so short that one reading holds many of them."""
    frame, model = brought(STILL)
    windows = model.windows.model_copy(update={"length": timedelta(hours=1), "min_rows": 1})
    return read_frame(frame, model=model.model_copy(update={"windows": windows}), name=STILL)


def closed(up: Stack) -> list[TransactionsWindowed]:
    with closing(KafkaBroker(up.kafka(OPERATOR))) as broker:
        records = read_whole(broker, partitions_of(broker, [TRANSACTIONS_WINDOWED.name]))
    events = (decode(TransactionsWindowed, value=r.value, headers=r.headers) for r in records)
    return [event.payload for event in events]


@pytest.mark.guarantee(
    "outside",
    fault="ten days of payments lie there before anybody reads one; their labels are all known",
    promise="each window closes with every one of its rows; none that came in order is late",
    seen="transactions.windowed: late_rows 0",
)
@pytest.mark.timeout(300)
def test_a_backlog_of_many_windows_is_counted_as_if_it_had_come_day_by_day(tmp_path: Path) -> None:
    table = hourly()
    feed = Feed(table)
    file = write_description(table.model, tmp_path / "wires.toml")
    with (
        stack(tmp_path / "stack", models=str(file), roles=ACTING) as up,
        closing(KafkaBroker(up.kafka(UPSTREAM))) as upstream,
    ):
        windows = list(feed.windows())
        for topic, records in (
            (LABELS, chain.from_iterable(window.labels for window in windows)),
            (TRANSACTIONS, chain.from_iterable(window.transactions for window in windows)),
        ):
            count = upstream.partitions(topic.name)
            ends = watermarks(topic.name, partitions=count, model=table.model, time=feed.end)
            upstream.publish([*records, *ends])
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(found := closed(up)) < len(windows):
            assert time.monotonic() < deadline, "not all windows have closed"
            time.sleep(0.2)
    length = table.model.windows.length
    hours = Counter(floor(at.replace(tzinfo=UTC), length) for at in table.frame[TIME])
    assert Counter({w.window.start: w.counters.rows for w in found}) == hours
    assert sum(window.late_rows for window in found) == 0
