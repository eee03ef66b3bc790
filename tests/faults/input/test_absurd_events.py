"""Events that are well formed and of times nobody meant: given up at once, never called our bug."""

import json
from pathlib import Path
from typing import Any

import pytest

from evermodel.common.events.payload import Payload
from evermodel.common.events.windows import TransactionsPartial
from evermodel.common.messaging.emission import new_event
from evermodel.common.messaging.records import Outgoing
from evermodel.common.testing.sample import START
from tests.contract.events.golden import BY_TYPE, EXAMPLES
from tests.faults.input.windowing import Windowing
from tests.unit.drift.windows import window
from tests.unit.trainer.bench import Bench, alarm

ABSURD = [
    "0001-01-01T00:00:00+14:00",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999Z",
    "9999-12-31T23:59:59-14:00",
]
each_time = pytest.mark.parametrize("time", ABSURD)
PROMISE = "a dead letter at the first try, which names the field; the next event is handled"
SEEN = "'given up (poison): {field}: …before the year 1900 or after 9998'"


def spoilt(payload: Payload, *, field: str, time: str) -> Outgoing:
    """Return the event of `payload` with `time` in the place of `field`, a dotted path."""
    event = new_event(payload, time=START, source="/upstream", identity=f"{field}/{time}")
    value: Any = json.loads(event.value or b"")
    *path, last = field.split(".")
    inner = value
    for name in path:
        inner = inner[name]
    inner[last] = time
    raw = json.dumps(value).encode()
    return Outgoing(topic=event.topic, key=event.key, value=raw, headers=event.headers)


@pytest.mark.guarantee(
    "input", fault="a window from upstream starts or ends at {time}", promise=PROMISE, seen=SEEN
)
@pytest.mark.parametrize("field", ["window.start", "window.end"])
@each_time
def test_a_window_of_no_possible_time(tmp_path: Path, field: str, time: str) -> None:
    windowing = Windowing(folder=tmp_path)
    harness, sound = windowing.harness, window(0)
    harness.publish_records([spoilt(sound, field=field, time=time)])
    harness.publish(sound, time=sound.window.end)
    harness.run()
    letters = windowing.letters()
    assert [(x.group, x.reason, x.attempts) for x in letters] == [
        ("drift-detector", "poison", 1),
        ("drift-outcomes", "poison", 1),
    ]
    assert all(f"{field}: " in letter.message for letter in letters)
    assert len(harness.events(TransactionsPartial)) == 0
    assert len(harness.records("outcomes.matured")) == 1


@pytest.mark.guarantee(
    "input", fault="an alarm from upstream began at {time}", promise=PROMISE, seen=SEEN
)
@pytest.mark.parametrize("field", ["onset"])
@each_time
def test_an_alarm_of_no_possible_time(tmp_path: Path, field: str, time: str) -> None:
    bench = Bench(tmp_path)
    bench.harness.add(bench.spec())
    bench.harness.publish_records([spoilt(alarm(1), field=field, time=time)])
    bench.harness.publish(alarm(2), time=START)
    bench.harness.run()
    (letter,) = bench.harness.dead_letters("trainer")
    assert (letter.reason, letter.attempts) == ("poison", 1)
    assert f"{field}: " in letter.message
    assert len(bench.answers()) == 1
    assert len(bench.harness.records("drift.detected")) == 2


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def _times(value: Any, path: str = "") -> list[str]:
    """Return the dotted paths of all times in `value`; of lists none."""
    if isinstance(value, dict):
        return [found for name, x in value.items() for found in _times(x, f"{path}.{name}")]
    is_time = isinstance(value, str) and value[:2] == "20" and "T" in value and value[-1] == "Z"
    return [path[1:]] if is_time else []


@each_time
def test_no_event_may_hold_a_time_that_nobody_meant(time: str) -> None:
    taken = []
    for example in map(_read, EXAMPLES):
        for field in _times(example["data"]):
            value: Any = json.loads(json.dumps(example["data"]))
            inner = value
            for name in field.split(".")[:-1]:
                inner = inner[name]
            inner[field.split(".")[-1]] = time
            try:
                BY_TYPE[example["type"]].model_validate_json(json.dumps(value), extra="ignore")
            except ValueError:
                continue
            taken.append((example["type"], field))
    assert taken == []
