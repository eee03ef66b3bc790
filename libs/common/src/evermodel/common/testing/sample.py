"""A service made for tests: it counts what it has handled, keeps it, and says each event on.

Small enough to be right by reading, and using everything: state, restore, jobs, held work.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from evermodel.common.events.catalogue import TRAINER_STATE
from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.events.envelope import EventMeta
from evermodel.common.events.training import ModelTrained
from evermodel.common.kernel.ids import EventId, ModelName
from evermodel.common.messaging.api import (
    Emit,
    Held,
    Job,
    Reaction,
    Restored,
    Route,
    ServiceSpec,
)
from evermodel.common.messaging.records import TopicPartition

START = datetime(2026, 1, 1, tzinfo=UTC)

Handling = Callable[[LifecycleCommand, EventMeta], None]


def command(number: int, *, model: str = "fraud") -> LifecycleCommand:
    """Return the command that says `number`."""
    return LifecycleCommand(model=ModelName(model), command="retrain", who="test", why=str(number))


def trained(meta: EventMeta, *, model: str, reason: str) -> ModelTrained:
    """Return an event that names its cause."""
    return ModelTrained(
        model=ModelName(model),
        outcome="failed",
        reason=reason,
        caused_by=EventId(meta.id),
        champion=None,
    )


def settled(answer: Reaction | Held) -> Reaction:
    """Return the reaction, after the held work: all on the caller's thread."""
    while isinstance(answer, Held):
        result = answer.work()
        answer = result if isinstance(result, Reaction) else result()
    return answer


class Counting:
    """Answers the n-th command of a model with ``<why> is <n>``; n is kept as state."""

    def __init__(self, *, before: Handling | None = None, held: bool = False) -> None:
        """`before` is called first, and may raise; `held`: answer off the loop."""
        self._before, self._held = before, held
        self.counts: dict[str, int] = {}
        self.restored: list[TopicPartition] = []

    def on_command(self, event: LifecycleCommand, meta: EventMeta) -> Reaction | Held:
        """Count, keep, answer."""
        if not self._held:
            return self._answer(event, meta)
        return Held(lambda: self._answer(event, meta))

    def _answer(self, event: LifecycleCommand, meta: EventMeta) -> Reaction:
        count = self.counts.get(event.model, 0) + 1
        self.counts[event.model] = count
        if self._before is not None:
            self._before(event, meta)
        answer = trained(meta, model=event.model, reason=f"{event.why} is {count}")
        return Reaction([Emit(answer, meta.time)], state={event.model: str(count).encode()})

    def on_restored(
        self, partition: TopicPartition, state: Mapping[str, bytes], committed: int | None, /
    ) -> Restored:
        """Take the counts over."""
        self.restored.append(partition)
        self.counts |= {model: int(value) for model, value in state.items()}
        return Restored()

    def on_revoked(self, partition: TopicPartition, /) -> None:
        """Forget the counts of this partition's models, or of all: they come back together."""
        self.counts.clear()

    def on_done(self, key: str, cause: EventMeta, result: object, /) -> Reaction:
        """Never called: it has no jobs."""
        raise NotImplementedError

    def spec(self, *, name: str = "trainer") -> ServiceSpec:
        """Return it as a service."""
        return ServiceSpec(
            name=name,
            service="trainer",
            routes=[Route(LifecycleCommand, self.on_command)],
            state=TRAINER_STATE,
            assignment=self,
        )


class Working:
    """Accepts every command as a durable job and answers when it is done."""

    def __init__(self, run: Callable[[str], object]) -> None:
        self._run = run

    def on_command(self, event: LifecycleCommand, meta: EventMeta) -> Reaction:
        """Accept."""
        value = f"{meta.id} {event.model}".encode()
        return Reaction(state={event.why: value}, jobs=[self._job(event.why, value)])

    def on_restored(
        self, partition: TopicPartition, state: Mapping[str, bytes], committed: int | None, /
    ) -> Restored:
        """Return what is unfinished."""
        return Restored(jobs=[self._job(key, value) for key, value in state.items()])

    def on_revoked(self, partition: TopicPartition, /) -> None:
        """Nothing is kept in memory."""

    def on_done(self, key: str, cause: EventMeta, result: object, /) -> Reaction:
        """Answer, and clear the acceptance."""
        answer = trained(cause, model=cause.subject, reason=f"{key}: {result}")
        return Reaction([Emit(answer, cause.time)], state={key: None})

    def spec(self, *, name: str = "trainer") -> ServiceSpec:
        """Return it as a service."""
        return ServiceSpec(
            name=name,
            service="trainer",
            routes=[Route(LifecycleCommand, self.on_command)],
            state=TRAINER_STATE,
            assignment=self,
        )

    def _job(self, key: str, value: bytes) -> Job:
        event_id, model = value.decode().split(" ")
        cause = EventMeta(
            id=EventId(event_id), type="test", source="/test", subject=model, time=START
        )
        return Job(key=key, cause=cause, run=lambda: self._run(key))
