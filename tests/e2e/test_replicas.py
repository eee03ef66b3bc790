"""Three models in services that all run twice; some are killed at work, and nothing shows.

histories ─▶ v1 each ─▶ kill -9 a windower and a scorer ─▶ the amounts of two models move ─▶
v2 of each in shadow ─▶ kill -9 the deployer of one ─▶ v2 serves both
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from urllib.request import urlopen

import polars as pl
import pytest
from confluent_kafka.admin import AdminClient

from evermodel.common.events.access import OPERATOR
from evermodel.common.events.rollout import RolloutStep
from evermodel.common.events.traffic import ServingApplied
from evermodel.common.events.windows import TransactionsWindowed
from evermodel.common.messaging.partitioner import partition_of
from evermodel.common.runtime.clock import SystemClock
from evermodel.common.settings.kafka import KafkaSettings
from evermodel.demo.description import write_description
from evermodel.demo.play import LOCKSTEP, Played, play
from evermodel.demo.watching import HANDLED
from evermodel.embedded.services import ROLES
from evermodel.embedded.stack import Stack, stack
from evermodel.playback.feed import Feed
from evermodel.playback.givenup import GivenUp
from evermodel.playback.journal import Journal, journal_of
from evermodel.playback.ledger import digest
from evermodel.playback.scored import read_scored, tally_of
from tests.e2e.conftest import Alone
from tests.e2e.small_bank import MOVED, STILL, neighbour

NAMES = (*MOVED, STILL)
TWICE = {role.name: 2 for role in ROLES}
#: By the end of the windows that are on their way: who is killed meanwhile.
KILLED = {
    datetime(2025, 3, 11, tzinfo=UTC): ("drift-windower-1", "scorer-1"),
    datetime(2025, 3, 14, tzinfo=UTC): ("deployer-1",),
}
STRUCK = [name for names in KILLED.values() for name in names]

pytestmark = pytest.mark.timeout(900)

#: The partitions that each replica of a group reads, as (topic, number).
Owned = Mapping[str, set[tuple[str, int]]]


@dataclass(frozen=True)
class Told:
    """What the services said and kept, who did it, and how often each had to be started again."""

    played: Played
    journal: Journal
    scored: Mapping[str, pl.DataFrame]
    owned: Mapping[str, Owned]
    restarts: Mapping[str, int]
    shown: Mapping[str, Mapping[str, int]]

    def steps(self, model: str) -> list[tuple[datetime, RolloutStep]]:
        events = self.journal.of(model).events
        return [(e.meta.time, e.payload) for e in events if isinstance(e.payload, RolloutStep)]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    folder = tmp_path_factory.mktemp("twice")
    files = [write_description(neighbour(n).model, folder / f"{n}.toml") for n in NAMES]
    with stack(
        folder / "stack",
        models=":".join(map(str, files)),
        wanted_replicas=TWICE,
        extra_env=LOCKSTEP,
    ) as running:
        played = play(
            [Feed(neighbour(name)) for name in NAMES],
            kafka=running.kafka,
            clock=SystemClock(),
            bootstrap_until=None,
            say=print,
            scorers=2,
            meanwhile=lambda end: strike(running, end),
        )
        yield Told(
            played,
            journal_of(played.records),
            {name: read_scored(Path(running.lake), name) for name in NAMES},
            {group: owned_by(running.kafka(OPERATOR), group) for group in HANDLED},
            {s.name: s.restarts for s in running.standings()},
            {name: shown_by(running, name) for name in ("console", "console-1")},
        )


def strike(running: Stack, end: datetime) -> None:
    for name in KILLED.get(end, ()):
        running.kill(name)


def owned_by(settings: KafkaSettings, group: str) -> Owned:
    """Return what each replica of `group` reads, by its static name in the group."""
    admin = AdminClient({**settings.client()})
    members = admin.describe_consumer_groups([group])[group].result().members
    return {
        member.group_instance_id: {
            (at.topic, at.partition) for at in member.assignment.topic_partitions
        }
        for member in members
    }


def shown_by(running: Stack, console: str) -> Mapping[str, int]:
    """Return the version of each model that `console` says serves, once it says all."""
    versions: dict[str, int] = {}
    for _ in range(200):
        with suppress(OSError, IndexError):
            port = re.findall(r"http://[\d.]+:(\d+)/api", running.log(console).read_text())[-1]
            with urlopen(f"http://127.0.0.1:{port}/api/models", timeout=5) as answer:
                models = json.load(answer)["models"]
            versions = {m["model"]: m["serving"]["version"] for m in models if m["serving"]}
        if len(versions) == len(NAMES):
            break
        Event().wait(0.1)
    return versions


def test_only_the_killed_were_started_again(told: Told) -> None:
    assert {name for name, restarts in told.restarts.items() if restarts} == set(STRUCK)
    assert set(TWICE) | {f"{name}-1" for name in TWICE} <= set(told.restarts)


def test_each_replica_of_the_lifecycle_handled_the_rollout_of_a_model(told: Told) -> None:
    for group, topics in HANDLED.items():
        partitions = {name: partition_of(name.encode(), partitions=4) for name in NAMES}
        handled = {
            replica: {n for n in NAMES if {(topic, partitions[n]) for topic in topics} <= owned}
            for replica, owned in told.owned[group].items()
        }
        assert handled == {f"{group}-0": {"terminals"}, f"{group}-1": {"cards", "wires"}}


def test_a_deployer_was_killed_in_the_middle_of_a_rollout_that_it_led(told: Told) -> None:
    (killed,) = [end for end, names in KILLED.items() if names == ("deployer-1",)]
    times = {(s.action, s.version): time for time, s in told.steps("cards")}
    assert times["started", 2] < killed <= times["promoted", 2]


@pytest.mark.parametrize("name", MOVED)
def test_a_model_whose_world_moves_is_renewed(told: Told, name: str) -> None:
    done = [(s.action, s.version) for _, s in told.steps(name) if s.action != "advanced"]
    assert done[:3] == [("promoted", 1), ("started", 2), ("promoted", 2)]


def test_nothing_happens_to_the_model_whose_world_stands_still(told: Told) -> None:
    assert [(s.action, s.version) for _, s in told.steps(STILL)] == [("promoted", 1)]


@pytest.mark.parametrize("name", NAMES)
def test_each_decides_as_the_twin_does_for_it_alone(told: Told, name: str, alone: Alone) -> None:
    assert digest(told.journal.of(name)) == alone(name)["ledger_sha256"]


@pytest.mark.parametrize("name", NAMES)
def test_no_payment_is_lost_kept_twice_or_another_models(told: Told, name: str) -> None:
    scored, fed = told.scored[name], neighbour(name).frame
    assert sorted(scored["id"].to_list()) == sorted(fed["__id"].to_list())
    published = told.played.published[name]
    journal = told.journal.of(name)
    tally = tally_of(scored, journal, published=published, given_up=GivenUp())
    assert (published, tally.lost, tally.duplicated) == (len(fed), 0, 0)
    windows = [e.payload for e in journal.events if isinstance(e.payload, TransactionsWindowed)]
    assert sum(w.late_rows for w in windows) == 0


def test_both_scorers_serve_every_version(told: Told) -> None:
    answers = [e.payload for e in told.journal.events if isinstance(e.payload, ServingApplied)]
    assert {(a.model, a.replica) for a in answers} == {(n, r) for n in NAMES for r in ("0", "1")}
    assert {v.state for a in answers for v in a.versions} == {"ready"}


def test_each_console_shows_all_of_it(told: Told) -> None:
    serving = {"cards": 2, "terminals": 2, "wires": 1}
    assert told.shown == {"console": serving, "console-1": serving}
