"""Records as they lie in a topic and as they are about to be put there.

msgspec structs, not dataclasses: every record of the data plane becomes two or three of these,
and a frozen dataclass costs fifteen times as much to make. They hold no cycle, so the garbage
collector need not look at them.
"""

from msgspec import Struct

Headers = tuple[tuple[str, bytes], ...]


class TopicPartition(Struct, frozen=True, gc=False):
    """One partition of one topic."""

    topic: str
    partition: int


class Record(Struct, frozen=True, kw_only=True, gc=False):
    """A record as read. Nothing about it has been checked.

    `flaw`: why its headers could not be read, which are empty then. No handler sees such a one.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    timestamp_ms: int = 0
    flaw: str | None = None


class Outgoing(Struct, frozen=True, kw_only=True, gc=False):
    """A record to produce. `partition` None lets the key decide."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    partition: int | None = None


def size_of(record: Outgoing) -> int:
    """Return at most how many bytes `record` takes on the wire, uncompressed."""
    headers = sum(len(name) * 4 + len(value) + 16 for name, value in record.headers)
    return len(record.value or b"") + len(record.key or b"") + headers + 100
