"""The headers of an event: missing, doubled, broken, forged, of another model, of another time."""

import pytest

from evermodel.common.events.catalogue import LIFECYCLE_COMMANDS
from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.events.training import ModelTrained
from evermodel.common.events.windows import TransactionsWindowed
from evermodel.common.messaging.deadletter import REDRIVEN_FOR, DeadLetter
from evermodel.common.messaging.emission import new_event
from evermodel.common.messaging.records import Outgoing
from evermodel.common.testing.harness import Harness
from evermodel.common.testing.sample import START, Counting, command
from tests.faults.input.windowing import ROW, Windowing
from tests.unit.drift.windows import window

Headers = tuple[tuple[str, bytes], ...]
TYPE = LifecycleCommand.TYPE.encode()
GIVEN_UP = "a dead letter that names the header; the events around it are handled"
SEEN = "'given up (poison): {said}'; evermodel_dead_letters_total"


def sent(number: int) -> Outgoing:
    """Return a sound event."""
    return new_event(command(number), time=START, source="/test", identity=f"envelope/{number}")


def with_header(name: str, *values: bytes) -> Outgoing:
    """Return an event whose header `name` is there once for each of `values`."""
    event = sent(2)
    others = tuple(pair for pair in event.headers if pair[0] != name)
    return Outgoing(
        topic=event.topic,
        key=event.key,
        value=event.value,
        headers=(*others, *((name, value) for value in values)),
    )


def played(event: Outgoing) -> tuple[list[str], list[DeadLetter], Harness]:
    """Return what was answered and given up where `event` comes between two sound ones."""
    harness = Harness(partitions=1)
    harness.add(Counting().spec())
    harness.publish_records([sent(1), event, sent(3)])
    harness.run()
    said = [e.payload.reason for e in harness.events(ModelTrained)]
    return said, harness.dead_letters("trainer"), harness


@pytest.mark.guarantee("input", fault="an event's {fault}", promise=GIVEN_UP, seen=SEEN)
@pytest.mark.parametrize(
    ("fault", "name", "values", "said"),
    [
        ("id is missing", "ce_id", [], "headers missing: ce_id"),
        ("id is empty", "ce_id", [b""], "headers missing: ce_id"),
        ("type is missing", "ce_type", [], "headers missing: ce_type"),
        ("source is missing", "ce_source", [], "headers missing: ce_source"),
        ("time is missing", "ce_time", [], "headers missing: ce_time"),
        ("version of CloudEvents is missing", "ce_specversion", [], "headers missing"),
        ("version of CloudEvents is 2.0", "ce_specversion", [b"2.0"], "'2.0' is not 1.0"),
        ("type is one that nobody knows", "ce_type", [b"com.example.paid"], "got 'com.example"),
        ("type is of a version to come", "ce_type", [TYPE.replace(b"v1", b"v2")], "command.v2'"),
        ("type is that of another topic", "ce_type", [ModelTrained.TYPE.encode()], "trained.v1'"),
        ("id is no UTF-8", "ce_id", [b"\xff\xfe"], "header ce_id is not UTF-8"),
        ("type is in UTF-16", "ce_type", [LifecycleCommand.TYPE.encode("utf-16")], "not UTF-8"),
        ("time has no zone", "ce_time", [b"2026-01-01T00:00:00"], "has no zone"),
        ("time is before the year 1", "ce_time", [b"0001-01-01T00:00:00+23:00"], "before the year"),
        ("time is before the year 1900", "ce_time", [b"1899-12-31T23:59:59Z"], "before the year"),
        ("time is after the year 9998", "ce_time", [b"9999-12-31T23:59:59Z"], "after 9998"),
        ("time is a number", "ce_time", [b"1767225600"], "is not RFC 3339"),
    ],
)
def test_a_broken_envelope_is_given_up(
    fault: str, name: str, values: list[bytes], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    answered, (letter,), _ = played(with_header(name, *values))
    assert answered == ["1 is 1", "3 is 2"], fault
    assert (letter.reason, letter.attempts) == ("poison", 1)
    assert said in letter.message
    assert f"given up (poison): {letter.message}" in caplog.text


@pytest.mark.guarantee(
    "input", fault="an event's {fault}", promise="handled: {taken}", seen="nothing: it is sound"
)
@pytest.mark.parametrize(
    ("fault", "name", "values", "taken"),
    [
        ("id comes twice", "ce_id", [b"one", b"two"], "the first counts"),
        ("unknown header is of 500,000 bytes", "x", [b"x" * 500_000], "it is left alone"),
        ("unknown header is no UTF-8", "x", [b"\xff"], "it is left alone"),
        ("unknown header comes a thousand times", "x", [b"1"] * 1000, "they are left alone"),
        ("subject is missing", "ce_subject", [], "the payload names the model"),
        ("subject names another model", "ce_subject", [b"other"], "the payload's model counts"),
        ("cause is forged", "ce_causationid", [b"never-was"], "nothing is derived from it"),
    ],
)
def test_an_odd_envelope_is_handled(fault: str, name: str, values: list[bytes], taken: str) -> None:
    answered, letters, harness = played(with_header(name, *values))
    assert (answered, letters) == (["1 is 1", "2 is 2", "3 is 3"], []), (fault, taken)
    _, second, _ = harness.events(ModelTrained)
    assert second.payload.model == "fraud"
    if name == "ce_id":
        assert second.meta.causation_id == "one"


@pytest.mark.guarantee(
    "input",
    fault="the lifecycle id and the cause of an event are forged",
    promise="what follows names the event itself as its cause: the chain of causes is sound, and "
    "the id of what follows is that of the event, not of what it claims",
    seen="causationid and lifecycleid of what follows; evermodel explain",
)
def test_a_forged_cause_changes_no_id_of_what_follows() -> None:
    _, _, honest = played(sent(2))
    _, letters, forged = played(with_header("ce_causationid", b"never-was"))
    assert letters == []
    ids = [[e.meta.id for e in harness.events(ModelTrained)] for harness in (honest, forged)]
    causes = [[e.meta.causation_id for e in h.events(ModelTrained)] for h in (honest, forged)]
    assert ids[0] == ids[1]
    assert causes[0] == causes[1]


@pytest.mark.guarantee(
    "input",
    fault="a window from upstream claims to be the detector's own (a forged source)",
    promise="not judged, as the detector's own was when it closed; nothing is given up",
    seen="no drift.detected; ACLs say who may write transactions.windowed",
)
def test_a_window_with_a_forged_source_is_not_judged(windowing: Windowing) -> None:
    broken = window(0, nulls=900)
    for source in ("/evermodel/drift-detector", "/upstream"):
        record = new_event(broken, time=broken.window.end, source=source, identity=source)
        windowing.harness.publish_records([record])
        windowing.harness.run()
        judged = len(windowing.harness.records("drift.detected"))
        assert judged == (0 if source.startswith("/evermodel") else 1)
    assert len(windowing.harness.events(TransactionsWindowed)) == 2
    assert windowing.letters() == []


@pytest.mark.guarantee(
    "input",
    fault="a record is of a model that is not described here, in {topic}",
    promise="a dead letter that says so; the other models go on",
    seen="'given up ({reason}): …'; evermodel_dead_letters_total",
)
@pytest.mark.parametrize(
    ("topic", "reason", "said"),
    [
        ("transactions.scored", "permanent", "no model is named 'other'"),
        ("transactions.windowed", "permanent", "no model 'other' is described here"),
    ],
)
def test_a_model_that_is_not_here(windowing: Windowing, topic: str, reason: str, said: str) -> None:
    if topic == "transactions.scored":
        windowing.put({**ROW, "model": "other"})
    else:
        other = window(0).model_copy(update={"model": "other"})
        record = new_event(other, time=other.window.end, source="/upstream", identity="o")
        windowing.harness.publish_records([record])
    windowing.row("2018-06-04T10:00:00Z")
    windowing.until("2018-06-05T00:00:00Z")
    (letter,) = windowing.letters()
    assert (letter.topic, letter.reason) == (topic, reason)
    assert said in letter.message
    assert windowing.counted() == {"2018-06-04": 1}


@pytest.mark.guarantee(
    "input",
    fault="a record has a null key",
    promise="handled as any other: its payload says whose it is",
    seen="nothing: it is sound",
)
def test_a_null_key_is_no_obstacle(windowing: Windowing) -> None:
    windowing.put({**ROW, "id": "a"}, key=None)
    event = sent(2)
    keyless = Outgoing(topic=event.topic, key=None, value=event.value, headers=event.headers)
    assert played(keyless)[0] == ["1 is 1", "2 is 2", "3 is 3"]
    windowing.until("2018-06-05T00:00:00Z")
    assert windowing.counted() == {"2018-06-04": 1}
    assert windowing.letters() == []


@pytest.mark.guarantee(
    "input",
    fault="an upstream forges the note of a redrive for another service",
    promise="passed by, as the record of another; its neighbours are handled",
    seen='evermodel_events_total{{outcome="handled"}} counts it',
)
def test_a_forged_note_of_a_redrive_is_passed_by() -> None:
    answered, letters, _ = played(with_header(REDRIVEN_FOR, b"somebody"))
    assert (answered, letters) == (["1 is 1", "3 is 2"], [])


@pytest.mark.guarantee(
    "input",
    fault="a tombstone lies in lifecycle.commands",
    promise="a dead letter; nothing is deleted by it",
    seen="'given up (poison): the record has no value'; evermodel_dead_letters_total",
)
def test_a_tombstone_among_events_is_given_up() -> None:
    event = sent(2)
    empty = Outgoing(
        topic=LIFECYCLE_COMMANDS.name, key=event.key, value=None, headers=event.headers
    )
    answered, (letter,), _ = played(empty)
    assert answered == ["1 is 1", "3 is 2"]
    assert (letter.reason, letter.message) == ("poison", "the record has no value")
