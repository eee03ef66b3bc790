"""Who plays waits as long as work may take, and not for services that nobody keeps running."""

import json
from contextlib import nullcontext
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from evermodel.common.events.catalogue import TRAINER_STATE
from evermodel.common.messaging.lockstep import SimulatedClock
from evermodel.common.messaging.records import Record
from evermodel.common.models.description import ModelDescription
from evermodel.common.settings.kafka import KafkaSettings
from evermodel.demo import play as played
from evermodel.demo.play import Teller
from evermodel.demo.training import Training
from evermodel.demo.watching import NotQuiet, Watcher

END = datetime(2026, 1, 1, tzinfo=UTC)


class Impatient(SimulatedClock):
    """A clock on which every look takes a minute."""

    looks = 0

    def monotonic(self) -> float:
        self.looks += 1
        return 60.0 * self.looks


class Restless(Watcher):
    """A watcher of services that never come to rest."""

    def _moving(self, *_: Any) -> str:
        return "everything"


def described(name: str) -> ModelDescription:
    return ModelDescription.model_validate(
        {
            "model": {"name": name},
            "stream": {"time": "t", "label": "y"},
            "features": {"continuous": ["x"]},
            "training": {"max_seconds": 3600},
        }
    )


def full() -> None:
    raise OSError("no space left")


def speaking(*records: Record) -> Any:
    """Return a cluster on which `records` are said at the first look, and nothing after."""
    nothing: dict[object, int] = {}
    said = [list(records)]
    return SimpleNamespace(
        poll=lambda **_: said.pop() if said else [],
        has_reached=lambda _: True,
        ends=lambda _: nothing,
        committed=lambda _: nothing,
        publish=lambda _: None,
        close=lambda: None,
    )


def trainer_says(model: str, **state: object) -> Record:
    return Record(
        topic=TRAINER_STATE.name,
        partition=0,
        offset=0,
        key=model.encode(),
        value=json.dumps(state).encode(),
    )


@pytest.mark.parametrize(
    ("state", "minutes"), [({"in_flight": None}, 11), ({"in_flight": {"cause": "x"}}, 71)]
)
def test_a_training_is_waited_for_as_long_as_it_may_take(
    state: dict[str, object], minutes: int
) -> None:
    cluster, clock = speaking(trainer_says("m", **state)), Impatient()
    watcher = Restless(groups=cluster, reader=cluster, clock=clock, scorers=1)
    with pytest.raises(NotQuiet, match=f"nothing was said for {minutes * 60} s"):
        watcher.settle([described("m"), described("n")], until=END)
    assert minutes <= clock.looks <= minutes + 5, "a look takes a minute"


def test_the_seconds_of_trainings_are_added_up_by_model() -> None:
    clock = SimulatedClock()
    training = Training(clock)
    for model, busy, lasting in [("m", 1, 40), ("m", 0, 5), ("n", 0, 5), ("m", 1, 2), ("m", 0, 9)]:
        training.on_state(trainer_says(model, in_flight={"cause": "x"} if busy else None))
        assert training.is_in_flight(model) == bool(busy)
        clock.advance(lasting)
    assert training.seconds == {"m": 42.0}


def test_a_person_hears_now_and_then_how_far_a_play_without_events_is() -> None:
    said: list[str] = []
    clock = SimulatedClock()
    teller = Teller(said.append, clock=clock, rows=9000)
    for day, lasting in enumerate([6, 6, 6, 6, 6], start=1):
        clock.advance(lasting)
        teller.on_window(datetime(2026, 1, day, tzinfo=UTC), published=day * 1000)
    assert said == [
        "2026-01-02  PLAYED    2,000 of 9,000 payments",
        "2026-01-04  PLAYED    4,000 of 9,000 payments",
    ]


def test_a_stack_that_cannot_go_on_is_told_at_the_next_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    silent = speaking()
    watcher = Restless(groups=silent, reader=silent, clock=Impatient(), scorers=1)
    window = SimpleNamespace(end=END, transactions=[], labels=[])
    feed: Any = SimpleNamespace(
        model=described("m"),
        rows=0,
        windows=lambda: [window],
        bootstrap_end=lambda _: None,
    )
    monkeypatch.setattr(played, "KafkaBroker", lambda _: silent)
    monkeypatch.setattr(played, "_records", lambda *_: [])
    monkeypatch.setattr(played, "watching", lambda *_, **__: nullcontext(watcher))
    with pytest.raises(OSError, match="no space left"):
        played.play(
            [feed],
            kafka=lambda _: KafkaSettings(bootstrap_servers="nowhere:1"),
            clock=Impatient(),
            bootstrap_until=None,
            say=lambda _: None,
            check=full,
        )
