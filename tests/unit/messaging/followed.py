"""A service that follows orders as a table and tells of each; and a model of each partition."""

from collections.abc import Callable

from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.events.envelope import EventMeta
from evermodel.common.events.training import ModelTrained
from evermodel.common.messaging.api import Emit, Held, Reaction, Route, ServiceSpec, TableRoute
from evermodel.common.messaging.partitioner import partition_of
from evermodel.common.testing.harness import Harness
from evermodel.common.testing.sample import START, command, trained

#: A model of each partition.
FIRST, SECOND = (
    next(name for name in "abcdefgh" if partition_of(name.encode(), partitions=2) == number)
    for number in (0, 1)
)

Handler = Callable[[LifecycleCommand, EventMeta], Reaction | Held]


def answered(event: LifecycleCommand, meta: EventMeta) -> Reaction:
    answer = trained(meta, model=event.model, reason=event.why)
    return Reaction([Emit(answer, meta.time, identity=f"{event.model}/{meta.id}")])


def followed(
    handler: Handler, *, latest_only: bool = False, routes: list[Route[ModelTrained]] | None = None
) -> ServiceSpec:
    table = TableRoute(LifecycleCommand, handler, latest_only=latest_only)
    return ServiceSpec(name="scorer", service="scorer", tables=[table], routes=routes or [])


def say(harness: Harness, model: str, *numbers: int) -> None:
    for number in numbers:
        harness.publish(command(number, model=model), time=START)


def said(harness: Harness) -> list[tuple[str, str]]:
    return sorted((e.payload.model, e.payload.reason) for e in harness.events(ModelTrained))
