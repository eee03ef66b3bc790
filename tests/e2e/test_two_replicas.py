"""Every service runs twice, two of them are killed at work, and nothing shows.

history ─▶ v1 ─▶ a window ─▶ kill -9 a windower and a scorer ─▶ a window ─▶ the end
"""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from urllib.request import urlopen

import polars as pl
import pytest

from evermodel.common.events.rollout import RolloutStep
from evermodel.common.events.traffic import ServingApplied
from evermodel.common.events.windows import TransactionsWindowed
from evermodel.common.runtime.clock import SystemClock
from evermodel.demo.description import write_description
from evermodel.demo.play import LOCKSTEP, Played, play
from evermodel.embedded.services import ROLES
from evermodel.embedded.stack import Stack, stack
from evermodel.playback.feed import Feed
from evermodel.playback.journal import Journal, journal_of
from evermodel.playback.scored import read_scored
from tests.e2e.small_bank import small_model, small_table

TWICE = {role.name: 2 for role in ROLES}
KILLED = ("drift-windower-1", "scorer-1")
STRUCK = datetime(2025, 3, 12, tzinfo=UTC)
DAYS = 10

pytestmark = pytest.mark.timeout(300)


@dataclass(frozen=True)
class Told:
    """What the services said and kept, and how often each had to be started again."""

    played: Played
    journal: Journal
    scored: pl.DataFrame
    restarts: dict[str, int]
    shown: dict[str, set[int | None]]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    folder = tmp_path_factory.mktemp("twice")
    description = folder / "model.toml"
    model = small_model("cards")
    write_description(model, description)
    with stack(
        folder / "stack", models=str(description), wanted_replicas=TWICE, extra_env=LOCKSTEP
    ) as running:
        played = play(
            [Feed(small_table(model, seed=1, days=DAYS))],
            kafka=running.kafka,
            clock=SystemClock(),
            bootstrap_until=None,
            say=lambda _: None,
            scorers=2,
            meanwhile=lambda end: strike(running, end),
        )
        restarts = {s.name: s.restarts for s in running.standings()}
        scored = read_scored(Path(running.lake), model.name)
        shown = {name: shown_by(running, name) for name in ("console", "console-1")}
        yield Told(played, journal_of(played.records), scored, restarts, shown)


def shown_by(running: Stack, console: str) -> set[int | None]:
    """Return the versions that `console` says serve, as soon as it says any."""
    versions: set[int | None] = set()
    for _ in range(200):
        with suppress(OSError, IndexError):
            port = re.findall(r"http://[\d.]+:(\d+)/api", running.log(console).read_text())[-1]
            with urlopen(f"http://127.0.0.1:{port}/api/models", timeout=5) as answer:
                models = json.load(answer)["models"]
            versions = {m["serving"]["version"] for m in models if m["serving"]}
        if versions:
            break
        Event().wait(0.1)
    return versions


def strike(running: Stack, end: datetime) -> None:
    if end == STRUCK:
        for name in KILLED:
            running.kill(name)


def test_only_the_killed_were_started_again(told: Told) -> None:
    assert {name for name, restarts in told.restarts.items() if restarts} == set(KILLED)
    assert set(TWICE) | {f"{name}-1" for name in TWICE} <= set(told.restarts)


def test_each_console_shows_all_of_it(told: Told) -> None:
    assert told.shown == {"console": {1}, "console-1": {1}}


def test_no_payment_is_lost_or_kept_twice(told: Told) -> None:
    assert len(told.scored) == told.scored["id"].n_unique() == told.played.published["cards"]


def test_every_payment_is_counted_once(told: Told) -> None:
    windows = [
        e.payload for e in told.journal.events if isinstance(e.payload, TransactionsWindowed)
    ]
    assert len(windows) == DAYS
    assert sum(w.counters.rows + w.late_rows for w in windows) == told.played.published["cards"]


def test_there_is_one_champion_and_both_scorers_serve_it(told: Told) -> None:
    steps = [e.payload for e in told.journal.events if isinstance(e.payload, RolloutStep)]
    assert [(step.action, step.version) for step in steps if step.action == "promoted"] == [
        ("promoted", 1)
    ]
    assert {step.version for step in steps} == {1}
    answers = [e.payload for e in told.journal.events if isinstance(e.payload, ServingApplied)]
    assert {a.replica for a in answers} == {"0", "1"}
    assert {v.state for a in answers for v in a.versions} == {"ready"}


def test_every_payment_after_the_promotion_is_decided_by_it(told: Told) -> None:
    served = told.scored.filter(pl.col("time") >= pl.lit(datetime(2025, 3, 10, tzinfo=UTC)))
    assert len(served) > 3000
    assert served["decided_by"].unique().to_list() == [1]
