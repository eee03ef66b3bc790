"""Orders as events: made, timed and published."""

from collections.abc import Collection
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from evermodel.cli.errors import WrongUsage
from evermodel.cli.reading import events, interpret
from evermodel.cli.times import time_of
from evermodel.common.events.catalogue import LIFECYCLE_COMMANDS, TRANSACTIONS_WINDOWED
from evermodel.common.events.codec import encode
from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.events.envelope import EventMeta
from evermodel.common.events.windows import TransactionsWindowed
from evermodel.common.kernel.ids import EventId, identity_id, lifecycle_of
from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.messaging.partitioner import partition_of
from evermodel.common.messaging.reading import read_whole
from evermodel.common.messaging.records import Outgoing, TopicPartition
from evermodel.common.models.file import read_models
from evermodel.common.runtime.clock import SystemClock
from evermodel.common.settings.kafka import KafkaSettings


def known_models(paths: str) -> Collection[str]:
    """Return the names of the models at `paths`; none when they are not here to be read."""
    there = [path for path in paths.split(":") if path and Path(path).exists()]
    return set(read_models(":".join(there))) if there else set()


def make(order: str, *, model: str, who: str, why: str, version: int | None) -> LifecycleCommand:
    """Return the order as an event's payload, which alone knows what may be ordered.

    Raises:
        WrongUsage: a field cannot be so.
    """
    try:
        return LifecycleCommand.model_validate(
            {"model": model, "command": order, "who": who, "why": why, "version": version}
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise WrongUsage(f"--{'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def give(settings: KafkaSettings, command: LifecycleCommand, *, at: str | None) -> EventId:
    """Publish `command`; return its id.

    Its event time is `at`, else the end of the model's newest window (history that is played
    lies in the past: an order timed now would find no rows there), else now.
    """
    broker = KafkaBroker(settings, quiet=True)
    try:
        now = SystemClock().now()
        time = time_of(at, option="--at") if at else _newest_window(broker, command.model) or now
        record, identity = _record(command, time=time, now=now)
        broker.publish([record])
    finally:
        broker.close()
    return identity


def _record(
    command: LifecycleCommand, *, time: datetime, now: datetime
) -> tuple[Outgoing, EventId]:
    # Two people may order the same thing: the id is of this order, not of what it asks for.
    identity = f"{command.model}|{command.command}|{command.who}|{now.isoformat()}"
    meta = EventMeta(
        id=identity_id(command.TYPE, identity),
        type=command.TYPE,
        source="/evermodel/cli",
        subject=command.model,
        time=time,
        # An order to train begins a lifecycle; the others speak about one that is under way.
        lifecycle_id=lifecycle_of(identity) if command.command == "retrain" else None,
    )
    value, headers = encode(command, meta)
    key = command.model.encode()
    record = Outgoing(topic=LIFECYCLE_COMMANDS.name, key=key, value=value, headers=headers)
    return record, meta.id


def _newest_window(broker: KafkaBroker, model: str) -> datetime | None:
    """Return the end of the newest window of `model`, which all lie in the model's partition."""
    topic = TRANSACTIONS_WINDOWED.name
    number = partition_of(model.encode(), partitions=broker.partitions(topic))
    found = read_whole(broker, [TopicPartition(topic, number)])
    ends = [
        event.payload.window.end
        for event in events(map(interpret, found))
        if isinstance(event.payload, TransactionsWindowed) and event.payload.model == model
    ]
    return max(ends, default=None)
