"""Who may do what on the brokers, made from the catalogue: the least that each needs.

Owns the principals and their rights. Must never know how a cluster is told (``kafka_access.py``).
A right that the catalogue does not give is not given: a service that reads or writes a topic it
is not listed for is refused by the broker, not by good manners.

=========  ===================================================================================
upstream   whoever publishes payments, labels, or windows of their own
<role>     a service: what it reads and writes, its group, its transactions
operator   the command line: looks at everything, writes orders, puts dead letters back
=========  ===================================================================================
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from evermodel.common.events.catalogue import (
    CATALOGUE,
    LABELS,
    TRANSACTIONS,
    TRANSACTIONS_SCORED,
    Topic,
)

Resource = Literal["topic", "group", "transactional id"]
Operation = Literal["read", "write", "describe", "describe settings"]

UPSTREAM = "upstream"
OPERATOR = "operator"
#: Whose hands the operator's are, in the catalogue's words.
_OPERATORS = frozenset({"cli", "evermodel redrive"})
_CONSOLE = "console"
#: Who reads a topic whole at each start (``TableRoute``), and must know what it gave up before.
_REREADS = frozenset({"scorer"})
#: Who must know how far others are with which topics, to tell silence from standing still; what is
#: in them it need not know.
_FOLLOWS = {"drift-detector": (TRANSACTIONS, TRANSACTIONS_SCORED, LABELS)}
#: Readers outside any group look for this one's coordinator, and never join it.
READERS_GROUP = "evermodel-reader"


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """One right. `is_prefix`: of every name that begins so. Reading and writing show the name."""

    resource: Resource
    name: str
    operation: Operation
    is_prefix: bool = False


def roles() -> tuple[str, ...]:
    """Return the services, each a principal of its own, as the catalogue names them."""
    named = {who for topic in CATALOGUE for who in (*topic.producers, *topic.consumers)}
    return tuple(sorted(named - _OPERATORS - {UPSTREAM}))


def principals() -> tuple[str, ...]:
    """Return everyone who may speak to the brokers."""
    return (*roles(), UPSTREAM, OPERATOR)


def grants(principal: str) -> frozenset[Grant]:
    """Return all that `principal` may do.

    Raises:
        KeyError: there is no such principal.
    """
    if principal not in principals():
        raise KeyError(principal)
    own = _as_operator() if principal == OPERATOR else _as_listed(principal)
    return frozenset(own)


def _as_listed(principal: str) -> Iterator[Grant]:
    for topic in CATALOGUE:
        if principal in topic.consumers:
            yield Grant("topic", topic.name, "read")
        if principal in topic.producers:
            yield Grant("topic", topic.name, "write")
    if principal == UPSTREAM:
        return
    if principal == _CONSOLE:  # a group for each start: it reads everything anew
        yield Grant("group", "evermodel-console-", "read", is_prefix=True)
        for group in _redrives():
            yield Grant("group", group, "describe")
        return
    if principal in _REREADS:
        yield Grant("topic", f"{principal}.dead-letter", "read")
    for topic in _FOLLOWS.get(principal, ()):
        yield Grant("topic", topic.name, "describe")
        for reader in topic.consumers:
            yield Grant("group", reader, "describe")
    yield Grant("group", principal, "read")
    yield Grant("group", READERS_GROUP, "describe")
    yield Grant("transactional id", f"{principal}-", "write", is_prefix=True)


def _as_operator() -> Iterator[Grant]:
    for topic in CATALOGUE:
        yield Grant("topic", topic.name, "read")
        yield Grant("topic", topic.name, "describe settings")
        if _OPERATORS & {*topic.producers} or _may_come_back(topic):
            yield Grant("topic", topic.name, "write")
    for group in (*roles(), READERS_GROUP):
        yield Grant("group", group, "describe")
    for name in _redrives():
        yield Grant("group", name, "read")
        yield Grant("transactional id", f"{name}-", "write", is_prefix=True)


def _redrives() -> Iterator[str]:
    """Yield the group of each service's redrive (``messaging/redrive.py``)."""
    for topic in CATALOGUE:
        if topic.plane == "dead letter":
            yield f"{topic.name.removesuffix('.dead-letter')}.redrive"


def _may_come_back(topic: Topic) -> bool:
    """Whether a record of `topic` may lie in a dead letter, which a redrive puts back."""
    givers_up = {who for t in CATALOGUE if t.plane == "dead letter" for who in t.producers}
    return topic.plane in {"data", "lifecycle"} and bool(givers_up & {*topic.consumers})
