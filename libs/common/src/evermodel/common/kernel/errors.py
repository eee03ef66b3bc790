"""What can go wrong with a message, as types the loop turns into one outcome each.

``Poison``, ``Permanent`` and ``Transient`` are ordinary exceptions. ``Fatal`` derives from
``BaseException`` so that no ``except Exception`` on the way up can swallow a safety stop.
Anything else that a handler raises is a bug: retried a bounded number of times, then put
in the dead letter with its exception.
"""

from typing import Literal

Reason = Literal["poison", "permanent", "bug"]


class Poison(Exception):
    """The bytes or headers cannot be decoded into an event; no retry can help."""


class Permanent(Exception):
    """The event is well-formed and the domain says it can never be handled."""


class Transient(Exception):
    """Something outside does not answer now; the same message is tried again in place."""

    def __init__(self, message: str, *, delay_seconds: float = 1.0) -> None:
        super().__init__(message)
        self.delay_seconds = delay_seconds


class Fatal(BaseException):
    """Going on would do harm: the process stops and says why."""
