"""The named moments at which a crash must change nothing. Production passes `nowhere`."""

from collections.abc import Callable
from typing import Literal

#: ``offsets sent`` is Kafka's alone: within its commit, offsets go first.
Moment = Literal["polled", "handled", "sent", "committing", "offsets sent", "committed"]

#: Called when the loop reaches a moment; a test's version may kill the process there.
FaultPoint = Callable[[Moment], None]


def nowhere(moment: Moment, /) -> None:
    """Do nothing."""
