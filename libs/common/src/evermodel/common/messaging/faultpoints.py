"""The named moments at which a crash must change nothing. Production passes `nowhere`."""

from collections.abc import Callable
from typing import Literal

Moment = Literal["polled", "handled", "sent", "committing", "committed"]

#: Called when the loop reaches a moment; a test's version may kill the process there.
FaultPoint = Callable[[Moment], None]


def nowhere(moment: Moment, /) -> None:
    """Do nothing."""
