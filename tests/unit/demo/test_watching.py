"""The demo waits for exactly what the services handle: a route it forgot would be a race."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from evermodel.common.events.catalogue import MODEL_TRAINED, topic_of
from evermodel.common.messaging.api import ServiceSpec
from evermodel.common.messaging.lockstep import SimulatedClock
from evermodel.common.messaging.records import Record
from evermodel.demo.watching import HANDLED, Watcher
from evermodel.deployer import wiring as deployer
from evermodel.drift import wiring as drift
from evermodel.registrar import wiring as registrar
from evermodel.trainer import wiring as trainer

NOTHING: Any = object()


def specs() -> list[ServiceSpec]:
    return [
        drift.assemble_detector(models={}, references=NOTHING, clock=SimulatedClock()),
        drift.assemble_outcomes(models={}, lake=NOTHING),
        trainer.assemble(models={}, child=NOTHING, runs=NOTHING, workspace=NOTHING, lake=""),
        registrar.assemble(models={}, registry=NOTHING, judgements=NOTHING, evaluator=NOTHING),
        deployer.assemble(models={}, repository=NOTHING, engine=NOTHING),
    ]


def test_every_route_of_every_service_is_waited_for() -> None:
    routes = {spec.name: {topic_of(r.payload).name for r in spec.routes} for spec in specs()}
    assert {name: set(topics) for name, topics in HANDLED.items()} == routes


class Resting(Watcher):
    """A watcher of services that are at rest when `moves` looks have seen them move."""

    moves = 0

    def _moving(self, *_: Any) -> str | None:
        self.moves -= 1
        return "a window" if self.moves >= 0 else None

    def _unhandled(self, _: object) -> None:
        return None


class Passing(SimulatedClock):
    """A clock on which each look takes a second."""

    def monotonic(self) -> float:
        self.seconds = getattr(self, "seconds", 0.0) + 1.0
        return self.seconds


class Said:
    """A reader of what is said in turns, and the offsets of nobody."""

    def __init__(self, *turns: Sequence[Record]) -> None:
        self._turns, self.asked = list(turns), 0

    def poll(self, **_: object) -> Sequence[Record]:
        return self._turns.pop(0) if self._turns else []

    def has_reached(self, _: object) -> bool:
        return True

    def ends(self, _: object) -> dict[object, int]:
        return {}

    def committed(self, _: object) -> dict[object, int]:
        self.asked += 1
        return {}


def test_what_is_said_at_the_last_look_is_told_too() -> None:
    early, late = (
        Record(topic=MODEL_TRAINED.name, partition=0, offset=offset, key=None, value=b"")
        for offset in range(2)
    )
    said: Any = Said([early], [late])
    told: list[Record] = []
    watcher = Resting(groups=said, reader=said, clock=SimulatedClock(), scorers=1)
    watcher.settle([], until=datetime(2026, 1, 1, tzinfo=UTC), tell=told.extend)
    assert told == watcher.records == [early, late]


def test_the_groups_are_not_asked_while_what_was_read_says_that_something_moves() -> None:
    said: Any = Said()
    watcher = Resting(groups=said, reader=said, clock=SimulatedClock(), scorers=1)
    watcher.moves = 50
    watcher.settle([], until=datetime(2026, 1, 1, tzinfo=UTC))
    assert (said.asked, watcher.moves < 0) == (1, True)


def test_the_groups_are_asked_now_and_then_lest_a_dead_broker_go_unseen() -> None:
    said: Any = Said()
    watcher = Resting(groups=said, reader=said, clock=Passing(), scorers=1)
    watcher.moves = 5
    watcher.settle([], until=datetime(2026, 1, 1, tzinfo=UTC))
    assert said.asked > 1
