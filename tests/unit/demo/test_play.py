"""Who plays does not wait for services that nobody keeps running any more."""

from contextlib import nullcontext
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from evermodel.common.messaging.lockstep import SimulatedClock
from evermodel.common.settings import KafkaSettings
from evermodel.demo import play as played
from evermodel.demo.watching import Watcher

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


def full() -> None:
    raise OSError("no space left")


def test_a_stack_that_cannot_go_on_is_told_at_the_next_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nothing: dict[object, int] = {}
    silent: Any = SimpleNamespace(
        poll=lambda **_: [],
        has_reached=lambda _: True,
        ends=lambda _: nothing,
        committed=lambda _: nothing,
        publish=lambda _: None,
        close=lambda: None,
    )
    watcher = Restless(groups=silent, reader=silent, clock=Impatient(), scorers=1)
    window = SimpleNamespace(end=END, transactions=[], labels=[])
    feed: Any = SimpleNamespace(
        model=SimpleNamespace(name="m"),
        windows=lambda: [window],
        bootstrap_end=lambda _: None,
    )
    monkeypatch.setattr(played, "KafkaBroker", lambda _: silent)
    monkeypatch.setattr(played, "_records", lambda *_: [])
    monkeypatch.setattr(played, "watching", lambda *_, **__: nullcontext(watcher))
    with pytest.raises(OSError, match="no space left"):
        played.play(
            feed,
            kafka=KafkaSettings(bootstrap_servers="nowhere:1"),
            clock=Impatient(),
            bootstrap_until=None,
            say=lambda _: None,
            check=full,
        )
