"""From a reaction to what a transaction takes in. Raises before anything has been sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evermodel.common.events.catalogue import record_bytes_of
from evermodel.common.events.envelope import EventMeta
from evermodel.common.events.payload import Payload
from evermodel.common.messaging.api import Job, Reaction, Rejected, ServiceSpec
from evermodel.common.messaging.emission import emissions, state_records
from evermodel.common.messaging.records import Outgoing, size_of


@dataclass(frozen=True, slots=True)
class Accepted:
    """A job, the number of the partition that keeps its acceptance, and when its cause came."""

    job: Job
    number: int
    since_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A reaction, encoded.

    `keys`: the state keys it writes, by partition number; None: deleted. `said`: its events, as
    they were.
    `since_ms`: when the record that it says something about was written; None: nothing said,
    or nobody knows.
    """

    records: Sequence[Outgoing]
    accepted: Sequence[Accepted]
    rejected: Sequence[Rejected]
    keys: Mapping[str, int | None]
    said: Sequence[Payload] = ()
    since_ms: int | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to publish or start."""
        return not (self.records or self.accepted or self.rejected)


#: What is made of a record that is meant for another group.
UNANSWERED = Prepared((), (), (), {})


def prepare(
    spec: ServiceSpec,
    reaction: Reaction,
    *,
    cause: EventMeta | None,
    partition: int | None,
    since_ms: int | None,
    known_keys: Mapping[str, int],
) -> Prepared:
    """Encode `reaction`; `partition` None (a tick): each state key's own.

    `since_ms`: when the cause was written.

    Raises:
        ValueError: what the handler returned cannot be published as it stands.
    """
    if reaction.state and spec.state is None:
        raise ValueError(f"{spec.name} returned state and has no state topic")
    if reaction.jobs and not reaction.state:
        raise ValueError("a job is accepted by the state that it is returned with")
    places = {key: _place(key, reaction, partition, known_keys) for key in reaction.state}
    keys = {key: None if reaction.state[key] is None else at for key, at in places.items()}
    records = emissions(reaction.events, cause=cause, source=f"/evermodel/{spec.name}")
    if spec.state is not None:
        for key, value in reaction.state.items():
            records += state_records({key: value}, topic=spec.state.name, partition=places[key])
    records += reaction.records
    for record in records:
        if size_of(record) > record_bytes_of(record.topic):
            raise ValueError(f"{size_of(record)} bytes for {record.topic}: too large a record")
    home = next(iter(places.values()), 0)
    accepted = [Accepted(job, home, since_ms) for job in reaction.jobs]
    said = [emit.payload for emit in reaction.events]
    speaks = bool(reaction.events or reaction.records)
    return Prepared(records, accepted, reaction.rejected, keys, said, since_ms if speaks else None)


def _place(
    key: str, reaction: Reaction, partition: int | None, known_keys: Mapping[str, int]
) -> int:
    number = partition if partition is not None else known_keys.get(key, reaction.partition)
    if number is None:
        raise ValueError(f"a tick returned state {key!r} and no partition to keep it in")
    return number
