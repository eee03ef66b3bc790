"""Identifiers, and the one way new ones are made.

An event's id is derived from what caused it, never drawn at random: a redelivered cause
yields the same id, so every effect keyed by it is made once.
"""

import re
import uuid
from typing import NewType

EventId = NewType("EventId", str)
LifecycleId = NewType("LifecycleId", str)
EpisodeId = NewType("EpisodeId", str)
ModelName = NewType("ModelName", str)
ReferenceId = NewType("ReferenceId", str)

#: The UUIDv5 namespace of every id evermodel derives. Changing it changes every id ever made.
NAMESPACE = uuid.UUID("6f2a7c0e-5b1d-5c55-9e0c-0d6b1a3f7e21")

_PLAIN = re.compile("[A-Za-z0-9_][A-Za-z0-9_.:-]{0,99}")


def caused_id(cause: EventId, event_type: str, ordinal: int) -> EventId:
    """Return the id of the `ordinal`-th event of `event_type` that `cause` led to."""
    return EventId(str(uuid.uuid5(NAMESPACE, f"{cause}|{event_type}|{ordinal}")))


def identity_id(event_type: str, identity: str) -> EventId:
    """Return the id of the event of `event_type` that is the only one with this natural key."""
    return EventId(str(uuid.uuid5(NAMESPACE, f"{event_type}|{identity}")))


def plain(identity: str) -> str:
    """Return `identity` as a name that a file, a tag and a search of tags take.

    An id of ours is one as it stands. An outsider may have chosen any text for theirs, a path
    among others: that one becomes an id of ours, the same one each time.
    """
    if _PLAIN.fullmatch(identity):
        return identity
    return str(uuid.uuid5(NAMESPACE, f"plain|{identity}"))


def lifecycle_of(identity: str) -> LifecycleId:
    """Return the id of the lifecycle that begins with `identity`, e.g. ``fraud/2018-06-01``."""
    return LifecycleId(str(uuid.uuid5(NAMESPACE, f"lifecycle|{identity}")))
