"""What came of one attempt at a message: errors become a value here, once, at the edge.

``StateInDoubt`` is no outcome of a message: it ends the turn. See ``loop.py``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from evermodel.common.kernel.errors import Permanent, Poison, Reason, Transient, is_exhausted

T = TypeVar("T")

#: How long what a bug has stopped waits for its next try.
BUG_DELAY_SECONDS = 0.2

#: How long to wait for space, handles or memory: others give them back in seconds, or a person.
EXHAUSTED_DELAY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """It went well."""

    result: T


@dataclass(frozen=True, slots=True)
class Dead:
    """No retry can help."""

    reason: Reason
    error: Exception


@dataclass(frozen=True, slots=True)
class Retry:
    """Something outside does not answer, or the machine is full: again, in place, after a delay."""

    error: Transient


@dataclass(frozen=True, slots=True)
class Bug:
    """Nobody foresaw this: again a bounded number of times."""

    error: Exception


class StateInDoubt(Exception):
    """A handler failed half-way: what it keeps in memory may be ahead of what is committed."""


Outcome = Done[T] | Dead | Retry | Bug


def attempt(work: Callable[[], T]) -> Outcome[T]:
    """Run `work` and say what came of it. ``Fatal`` is no outcome: it passes through."""
    try:
        return Done(work())
    except Poison as error:
        return Dead("poison", error)
    except Permanent as error:
        return Dead("permanent", error)
    except Transient as error:
        return Retry(error)
    except Exception as error:  # noqa: BLE001  # the edge: everything else is a bug
        return Retry(_later(error)) if is_exhausted(error) else Bug(error)


def _later(error: Exception) -> Transient:
    """Three tries within a second would give every message up while a disk is full."""
    later = Transient(f"the machine has not enough: {error}", delay_seconds=EXHAUSTED_DELAY_SECONDS)
    later.__cause__ = error
    return later
