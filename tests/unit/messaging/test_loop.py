"""What the loop makes of each outcome, over the in-memory broker."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Never

import pytest

from evermodel.common.events.catalogue import LIFECYCLE_COMMANDS, MODEL_TRAINED, TRAINER_STATE
from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.events.envelope import EventMeta
from evermodel.common.events.training import ModelTrained
from evermodel.common.kernel.errors import Fatal, Permanent, Transient
from evermodel.common.kernel.ids import caused_id, identity_id
from evermodel.common.messaging.api import Emit, Held, Reaction, Route, ServiceSpec, TableRoute
from evermodel.common.messaging.beside import Threads
from evermodel.common.messaging.loop import Loop
from evermodel.common.messaging.records import Outgoing
from evermodel.common.settings.loop import LoopSettings
from evermodel.common.testing.harness import Crashed, Harness, crash_at
from evermodel.common.testing.sample import START, Counting, Working, command, trained


def reasons(harness: Harness) -> list[str]:
    return [event.payload.reason for event in harness.events(ModelTrained)]


def say(harness: Harness, *numbers: int) -> None:
    for number in numbers:
        harness.publish(command(number), time=START)


def raising(error: BaseException, *, times: int = 1) -> Callable[[object, object], None]:
    left = times

    def before(_event: object, _meta: object) -> None:
        nonlocal left
        if left:
            left -= 1
            raise error

    return before


def stateless(handler: Callable[[LifecycleCommand, EventMeta], Reaction | Held]) -> ServiceSpec:
    return ServiceSpec(name="trainer", service="trainer", routes=[Route(LifecycleCommand, handler)])


def test_an_event_is_answered_by_events_that_name_it_as_their_cause() -> None:
    harness = Harness()
    harness.add(Counting().spec())
    say(harness, 1)
    harness.run()
    (cause,), (answer,) = harness.events(LifecycleCommand), harness.events(ModelTrained)
    assert answer.meta.id == caused_id(cause.meta.id, ModelTrained.TYPE, 0)
    assert answer.meta.causation_id == cause.meta.id
    assert answer.meta.source == "/evermodel/trainer"
    assert answer.meta.subject == "fraud"
    assert answer.meta.time == START


def test_a_returning_replica_goes_on_where_its_state_stood() -> None:
    harness = Harness()
    harness.add(Counting().spec())
    say(harness, 1, 2)
    harness.run()
    harness.add(Counting().spec())
    say(harness, 3)
    harness.run()
    assert reasons(harness) == ["1 is 1", "2 is 2", "3 is 3"]
    assert harness.state(TRAINER_STATE.name) == {"fraud": b"3"}


@pytest.mark.parametrize("moment", ["polled", "handled", "sent", "committing", "committed"])
@pytest.mark.parametrize("held", [False, True])
def test_a_crash_at_any_moment_loses_and_doubles_nothing(moment: str, held: bool) -> None:
    harness = Harness()
    loop = harness.add(Counting(held=held).spec(), at=crash_at(moment, after=1))
    say(harness, 1)
    harness.run()
    say(harness, 2, 3)
    with pytest.raises(Crashed):
        harness.run()
    harness.remove(loop)
    say(harness, 4)
    harness.add(Counting(held=held).spec())
    harness.run()
    assert reasons(harness) == ["1 is 1", "2 is 2", "3 is 3", "4 is 4"]


def test_a_transient_error_is_retried_in_place_and_keeps_the_order() -> None:
    harness = Harness()
    harness.add(
        Counting(before=raising(Transient("busy", delay_seconds=30), times=2)).spec(),
    )
    say(harness, 1, 2)
    harness.run()
    assert reasons(harness) == ["1 is 1", "2 is 2"]
    assert harness.clock.monotonic() >= 60
    assert not harness.dead_letters("trainer")


def test_what_the_domain_refuses_goes_to_the_dead_letter_with_its_reason() -> None:
    harness = Harness()
    harness.add(stateless(_refuse))
    say(harness, 1)
    harness.run()
    (letter,) = harness.dead_letters("trainer")
    (source,) = harness.records(LIFECYCLE_COMMANDS.name)
    assert (letter.reason, letter.error, letter.message) == ("permanent", "Permanent", "never")
    assert (letter.topic, letter.partition, letter.offset) == (
        source.topic,
        source.partition,
        source.offset,
    )
    assert (letter.key, letter.value, letter.headers) == (
        source.key,
        source.value,
        source.headers,
    )
    assert (letter.group, letter.attempts, letter.time) == ("trainer", 1, harness.clock.now())


def _refuse(_event: LifecycleCommand, _meta: EventMeta) -> Never:
    raise Permanent("never")


@pytest.mark.parametrize(
    ("value", "headers"),
    [
        (b"not json", ()),
        (None, ()),
        (b"{}", (("ce_id", b"\xff"),)),
        (
            b"{}",
            (
                ("ce_specversion", b"1.0"),
                ("ce_id", b"1"),
                ("ce_type", LifecycleCommand.TYPE.encode()),
                ("ce_source", b"/x"),
                ("ce_time", b"2026-01-01T00:00:00Z"),
            ),
        ),
    ],
)
def test_what_cannot_be_decoded_is_poison_and_blocks_nothing(
    value: bytes | None, headers: tuple[tuple[str, bytes], ...]
) -> None:
    harness = Harness(partitions=1)
    harness.add(Counting().spec())
    harness.publish_records(
        [Outgoing(topic=LIFECYCLE_COMMANDS.name, key=b"fraud", value=value, headers=headers)]
    )
    say(harness, 1)
    harness.run()
    (letter,) = harness.dead_letters("trainer")
    assert (letter.reason, letter.value, letter.headers) == ("poison", value, headers)
    assert reasons(harness) == ["1 is 1"]


def test_a_bug_is_tried_a_bounded_number_of_times_and_leaves_no_half_change() -> None:
    harness = Harness()
    harness.add(Counting(before=raising(KeyError("oops"), times=3)).spec())
    say(harness, 1, 2)
    harness.run()
    (letter,) = harness.dead_letters("trainer")
    assert (letter.reason, letter.error, letter.attempts) == ("bug", "KeyError", 3)
    assert reasons(harness) == ["2 is 1"]


def test_a_bug_that_goes_away_costs_nothing() -> None:
    harness = Harness()
    harness.add(Counting(before=raising(KeyError("oops"), times=2)).spec())
    say(harness, 1, 2)
    harness.run()
    assert reasons(harness) == ["1 is 1", "2 is 2"]
    assert not harness.dead_letters("trainer")


def test_a_system_that_was_away_takes_no_try_from_a_bug() -> None:
    harness = Harness()
    errors = [Transient("away"), Transient("away"), KeyError("oops"), Transient("away")]

    def before(_event: object, _meta: object) -> None:
        if errors:
            raise errors.pop(0)

    harness.add(Counting(before=before).spec())
    say(harness, 1)
    harness.run()
    assert not harness.dead_letters("trainer")
    assert reasons(harness) == ["1 is 1"]


def test_too_many_dead_letters_stop_the_service_and_commit_nothing_more() -> None:
    harness = Harness(partitions=1)
    harness.add(stateless(_refuse), settings=LoopSettings(dead_letters_per_minute=2))
    say(harness, 1, 2, 3)
    with pytest.raises(Fatal, match="dead letters"):
        harness.run()
    assert len(harness.dead_letters("trainer")) == 0  # one transaction, undone as a whole


def test_an_event_that_cannot_be_encoded_is_a_bug_of_the_one_that_led_to_it() -> None:
    harness = Harness()
    harness.add(
        stateless(
            lambda event, meta: Reaction(
                [Emit(trained(meta, model=event.model, reason="x" * 2_000_000), meta.time)]
            )
        )
    )
    say(harness, 1)
    harness.run()
    assert harness.dead_letters("trainer")[0].reason == "bug"


def test_held_work_that_fails_is_told_apart_like_a_handler() -> None:
    harness = Harness()
    harness.add(stateless(lambda _event, _meta: Held(_never)))
    say(harness, 1)
    harness.run()
    assert harness.dead_letters("trainer")[0].reason == "permanent"


def test_the_rest_of_held_work_runs_on_the_loops_thread_and_may_hold_again() -> None:
    threads: list[str] = []

    def rest(event: LifecycleCommand, meta: EventMeta) -> Reaction | Held:
        threads.append(threading.current_thread().name)
        if len(threads) == 1:
            return Held(lambda: partial(rest, event, meta))
        return Reaction([Emit(trained(meta, model=event.model, reason="rest"), meta.time)])

    harness = Harness()
    spec = stateless(lambda event, meta: Held(lambda: partial(rest, event, meta)))
    with Loop(spec, broker=harness.broker, clock=harness.clock, beside=Threads()) as loop:
        say(harness, 1)
        turns = 0
        while not reasons(harness) and turns < 1000:
            loop.step(timeout_seconds=0.01)
            turns += 1

    assert reasons(harness) == ["rest"]
    assert threads == [threading.current_thread().name] * 2


def test_the_rest_of_held_work_that_fails_is_told_apart_like_a_handler() -> None:
    harness = Harness()
    harness.add(stateless(lambda _event, _meta: Held(lambda: _never)))
    say(harness, 1)
    harness.run()
    assert harness.dead_letters("trainer")[0].reason == "permanent"


def _never() -> Never:
    raise Permanent("never")


def test_a_job_is_accepted_first_and_its_result_published_once() -> None:
    ran: list[str] = []
    harness = Harness()

    def run(key: str) -> str:
        ran.append(key)
        return "done"

    harness.add(Working(run).spec())
    say(harness, 1)
    harness.run()
    assert ran == ["1"]
    assert reasons(harness) == ["1: done"]
    assert harness.state(TRAINER_STATE.name) == {}


@pytest.mark.parametrize("after", range(2))
@pytest.mark.parametrize("moment", ["sent", "committing", "committed"])
def test_an_accepted_job_survives_a_crash(moment: str, after: int) -> None:
    harness = Harness()
    loop = harness.add(Working(lambda _key: "done").spec(), at=crash_at(moment, after=after))
    say(harness, 1)
    with pytest.raises(Crashed):
        harness.run()
    harness.remove(loop)
    harness.add(Working(lambda _key: "done").spec())
    harness.run()
    assert reasons(harness) == ["1: done"]


def test_a_job_that_raises_hands_its_exception_over() -> None:
    harness = Harness()
    harness.add(Working(_explode).spec())
    say(harness, 1)
    harness.run()
    assert reasons(harness) == ["1: 'no'"]


def _explode(_key: str) -> Never:
    raise KeyError("no")


def test_a_table_is_read_before_anything_else_and_speaks_only_for_the_last_of_each_key() -> None:
    seen: list[str] = []

    def on_row(event: ModelTrained, _meta: EventMeta) -> Reaction:
        seen.append(event.reason)
        return Reaction([Emit(command(len(seen), model=event.model), START)])

    harness = Harness(partitions=1)
    for model, reason in (("a", "1"), ("a", "2"), ("b", "3")):
        meta = EventMeta(id=identity_id("x", reason), type="", source="", subject="", time=START)
        harness.publish(trained(meta, model=model, reason=reason), time=START)
    say(harness, 0)

    def on_command(event: LifecycleCommand, _meta: EventMeta) -> Reaction:
        seen.append(f"command {event.why}")
        return Reaction()

    harness.add(
        ServiceSpec(
            name="x",
            service="trainer",
            routes=[Route(LifecycleCommand, on_command)],
            tables=[TableRoute(ModelTrained, on_row)],
        )
    )
    harness.run()
    assert seen[:6] == ["1", "2", "3", "2", "3", "command 0"]
    said = [event.payload.why for event in harness.events(LifecycleCommand)]
    assert said == ["0", "4", "5"]
    assert MODEL_TRAINED.name


def test_two_replicas_share_the_partitions_and_take_over_from_each_other() -> None:
    harness = Harness(partitions=4)
    models = [f"model-{i}" for i in range(12)]
    first = harness.add(Counting().spec(), instance="a")
    harness.add(Counting().spec(), instance="b")
    for model in models:
        harness.publish(command(1, model=model), time=START)
    harness.run()
    harness.remove(first)
    harness.broker.expel(group="trainer", instance="a")
    for model in models:
        harness.publish(command(2, model=model), time=START)
    harness.run()
    assert sorted((e.payload.model, e.payload.reason) for e in harness.events(ModelTrained)) == [
        (model, reason) for model in sorted(models) for reason in ("1 is 1", "2 is 2")
    ]


def test_a_zombie_is_refused_and_changes_nothing() -> None:
    harness = Harness(partitions=1)
    zombie = harness.add(Counting().spec(), instance="a")
    harness.run()
    harness.remove(zombie)
    harness.broker.expel(group="trainer", instance="a")
    harness.add(Counting().spec(), instance="b")
    say(harness, 1)
    harness.run()
    zombie.step()
    harness.run()
    assert reasons(harness) == ["1 is 1"]
