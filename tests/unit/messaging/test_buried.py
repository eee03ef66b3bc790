"""What is kept of dead letters to know what a table gave up before: little, of tables alone."""

import tracemalloc
from dataclasses import replace

from evermodel.common.messaging.buried import Buried
from evermodel.common.messaging.deadletter import DeadLetter, dead_letter, encode_dead_letter
from evermodel.common.messaging.memory import MemoryBroker
from evermodel.common.messaging.records import Record
from evermodel.common.testing.sample import START

LETTERS = "scorer.dead-letter"
TABLE, TRAFFIC = "rollout.step", "transactions"
EACH, COUNT = 50_000, 40


def given_up(topic: str, offset: int, *, value: bytes = b"x" * EACH) -> DeadLetter:
    record = Record(
        topic=topic, partition=0, offset=offset, key=b"k", value=value, headers=(("a", b"b"),)
    )
    return dead_letter(
        record, group="scorer", reason="poison", error=ValueError(), attempts=1, time=START
    )


def broker_with(*letters: DeadLetter) -> MemoryBroker:
    broker = MemoryBroker({LETTERS: 1}, wall_ms=lambda: 0)
    broker.publish([encode_dead_letter(letter, topic=LETTERS) for letter in letters])
    return broker


def test_a_letter_of_a_table_is_known_whole() -> None:
    letter = given_up(TABLE, 7)
    buried = Buried(broker_with(letter), topic=LETTERS, tables=[TABLE])
    assert buried.holds(letter)
    others = ({"offset": 8}, {"group": "other"}, {"value": b"y"}, {"key": None}, {"cut": ("key",)})
    assert [buried.holds(replace(letter, **other)) for other in others] == [False] * 5


def test_letters_take_no_memory() -> None:
    letters = [given_up(topic, n) for topic in (TABLE, TRAFFIC) for n in range(COUNT)]
    buried = Buried(broker_with(*letters), topic=LETTERS, tables=[TABLE])
    tracemalloc.start()
    try:
        assert buried.holds(letters[0])
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < EACH, "not even one of them is kept"


def test_no_letter_of_payments_is_known() -> None:
    letter = given_up(TRAFFIC, 1)
    assert not Buried(broker_with(letter), topic=LETTERS, tables=[TABLE]).holds(letter)
