"""Rows that come after their windows have closed are told by `status` and `doctor`."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from rich.console import Console

from evermodel.cli import examination
from evermodel.cli.examination import lateness_at
from evermodel.cli.lateness import late
from evermodel.cli.overview import Overview, shown
from evermodel.cli.reading import Read, interpret
from evermodel.common.events.payload import Span
from evermodel.common.events.windows import TransactionsWindowed, WindowCounters
from evermodel.common.kernel.ids import ModelName
from evermodel.common.messaging.emission import new_event
from evermodel.common.messaging.records import Record
from evermodel.common.settings.kafka import KafkaSettings

SETTINGS = KafkaSettings(bootstrap_servers="127.0.0.1:1")
START = datetime(2026, 1, 1, tzinfo=UTC)


def window(n: int, *, rows: int = 1000, too_late: int = 0) -> Read:
    span = Span(start=START + timedelta(days=n), end=START + timedelta(days=n + 1))
    event = new_event(
        TransactionsWindowed(
            model=ModelName("fraud"),
            window=span,
            counters=WindowCounters(rows=rows),
            quality="pass",
            late_rows=too_late,
        ),
        time=span.end,
        source="/test",
        identity=f"{n}",
    )
    record = Record(
        topic=event.topic,
        partition=0,
        offset=n,
        key=event.key,
        value=event.value,
        headers=event.headers,
    )
    return interpret(record)


@pytest.mark.guarantee(
    "outside",
    fault="many rows come after their windows have closed",
    promise="who asks how it stands is told how many, what became of them, and what to look at",
    seen="evermodel status: 'LATE ROWS: fraud: 500 rows …'; evermodel doctor: late rows are wrong",
)
def test_late_rows_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [window(n, too_late=500 if n == 12 else 0) for n in range(15)]
    (one,) = late(found)
    words = "fraud: 500 rows (4.8%) of the last 10 windows came after their window had closed"
    assert str(one).startswith(words)
    out = StringIO()
    overview = Overview(models=[], dead_letters={}, lag={}, processes={}, late=[one])
    shown(overview, Console(file=out))
    assert f"LATE ROWS: {words}" in out.getvalue()
    assert overview.as_json()["late"] == [
        {"model": "fraud", "windows": 10, "late": 500, "rows": 10_000}
    ]
    monkeypatch.setattr(examination, "read", lambda *_: found)
    (finding,) = lateness_at(SETTINGS)
    assert (finding.verdict, finding.detail) == ("wrong", str(one))
    assert "out of step" in finding.remedy
    assert "windows.lateness in model.toml" in finding.remedy


def test_few_late_rows_and_those_of_long_ago_are_nobodys_trouble(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = [window(n, too_late=900 if n == 2 else 9) for n in range(15)]
    assert late(found) == []
    monkeypatch.setattr(examination, "read", lambda *_: found)
    assert [finding.verdict for finding in lateness_at(SETTINGS)] == ["well"]
    assert late([window(0, rows=0)]) == []
