"""Whatever happens in whatever order, each input's effects are there exactly once."""

from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evermodel.common.events.catalogue import LIFECYCLE_COMMANDS, TRAINER_STATE
from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.events.envelope import EventMeta
from evermodel.common.events.training import ModelTrained
from evermodel.common.kernel.errors import Permanent, Transient
from evermodel.common.messaging.records import Outgoing
from evermodel.common.testing.harness import Crashed, Harness, crash_at
from evermodel.common.testing.sample import START, Counting, command

MOMENTS = ["polled", "handled", "sent", "committing", "committed"]
MODELS = ["a", "b", "c"]

COMMAND = st.tuples(st.just("say"), st.sampled_from(MODELS))
CRASH = st.tuples(st.just("crash"), st.sampled_from(MOMENTS), st.integers(0, 4), st.booleans())
STEP = st.one_of(
    COMMAND,
    COMMAND,
    st.tuples(st.just("poison")),
    CRASH,
    st.tuples(st.just("join"), st.sampled_from(["0", "1", "2"])),
    st.tuples(st.just("expel"), st.sampled_from(["0", "1", "2"])),
    st.tuples(st.just("turn"), st.integers(1, 6)),
)


class Trouble:
    """Raises for some commands, by their number: bugs, busy systems, refusals."""

    def __init__(self, plan: dict[int, str]) -> None:
        self._plan = dict(plan)

    def __call__(self, event: LifecycleCommand, _meta: EventMeta) -> None:
        kind = self._plan.get(int(event.why))
        if kind == "never":
            raise Permanent("never")
        if kind is not None:
            self._plan.pop(int(event.why))
            raise KeyError("bug") if kind == "bug" else Transient("busy", delay_seconds=5)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    steps=st.lists(STEP, max_size=25),
    plan=st.dictionaries(st.integers(0, 15), st.sampled_from(["bug", "busy", "never"])),
    held=st.booleans(),
)
def test_each_input_has_its_effects_exactly_once(
    steps: list[tuple[object, ...]], plan: dict[int, str], held: bool
) -> None:
    harness, trouble = Harness(partitions=3), Trouble(plan)
    said: list[tuple[str, int]] = []
    poisoned, is_over = 0, False

    def join(instance: str, **how: object) -> None:
        spec = Counting(before=trouble, held=held).spec()
        harness.add(spec, instance=instance, **how)  # type: ignore[arg-type]

    def turn(times: int) -> None:
        for _ in range(times):
            for name, loop in list(harness.loops.items()):
                try:
                    loop.step()
                except Crashed:
                    harness.remove(loop)
                    join(name.rpartition("-")[2])

    join("0")
    for step in steps:
        match step:
            case ("say", str(model)):
                harness.publish(command(len(said), model=model), time=START)
                said.append((model, len(said)))
            case ("poison",):
                poisoned += 1
                harness.publish_records(
                    [Outgoing(topic=LIFECYCLE_COMMANDS.name, key=b"a", value=b"?")]
                )
            case ("crash", str(moment), int(after), bool(every)):
                instance = sorted(harness.loops)[-1 if every else 0].rpartition("-")[2]
                point = crash_at(moment, after=after)
                join(instance, at=lambda reached, point=point: is_over or point(reached))
                turn(3)
            case ("join", str(instance)):
                join(instance)
            case ("expel", str(instance)) if harness.broker.lags("trainer"):
                harness.broker.expel(group="trainer", instance=instance)
            case ("turn", int(times)):
                turn(times)
    turn(10)
    is_over = True
    harness.run()

    refused = {number for number, kind in plan.items() if kind == "never"}
    expected = Counter[tuple[str, str]]()
    for model in MODELS:
        numbers = [n for m, n in said if m == model and n not in refused]
        expected.update((model, f"{n} is {i}") for i, n in enumerate(numbers, start=1))
    found = [(e.payload.model, e.payload.reason) for e in harness.events(ModelTrained)]
    assert Counter(found) == expected
    letters = Counter(letter.reason for letter in harness.dead_letters("trainer"))
    assert letters["poison"] == poisoned
    assert letters["permanent"] == len([n for _, n in said if n in refused])
    assert letters["bug"] == 0
    kept = harness.state(TRAINER_STATE.name)
    assert {m: int(v) for m, v in kept.items()} == {
        m: len([n for o, n in said if o == m and n not in refused])
        for m in MODELS
        if any(o == m and n not in refused for o, n in said)
    }
