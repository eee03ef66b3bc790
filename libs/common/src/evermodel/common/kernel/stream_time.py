"""What time an order has in a stream that is played back, or that stands still; and which times
of a stream no clock can have meant.

Owns the bounds on them. A person's order carries the time its sender gave it; taken as it is, a
time years ahead of the stream would have every service wait for the stream to come there. So would
a window, or labels, of years ahead: all real ones that follow would count as old.
"""

from datetime import datetime, timedelta

from evermodel.common.kernel.clock import Clock
from evermodel.common.kernel.errors import Permanent

#: So far ahead is a broken clock, not the future: the longer of the two.
MOST_WINDOWS_AHEAD = 1000
LEAST_AHEAD = timedelta(days=366)


def in_stream(time: datetime, *, told: datetime | None, window: timedelta) -> datetime:
    """Return `time`, or where the stream may be at most if `time` lies further ahead.

    `told`: event time the stream has reached, None when it has told nothing yet. `window`: from
    a window's start until it is surely closed; one may be open and one about to be.
    """
    return time if told is None else min(time, told + 2 * window)


def reach_of(window: timedelta) -> timedelta:
    """Return how far ahead a time may lie where a window lasts for `window`."""
    return max(MOST_WINDOWS_AHEAD * window, LEAST_AHEAD)


def refuse_astray(
    time: datetime, *, told: datetime | None, window: timedelta, wall: Clock | None
) -> None:
    """Return if a system may have meant `time`: it is near the stream or the wall's time.

    A stream that stood still for years goes on where the wall is, one that is played ahead of the
    wall goes on where it was. `told`: event time that the stream has reached, if it is known.
    `wall` None, as where it stands still: nothing is refused.

    Raises:
        Permanent: it lies further ahead of both than any clock may be.
    """
    if wall is None:
        return
    now = wall.now()
    if time - max(now, told or now) > reach_of(window):
        raise Permanent(
            f"time {time.isoformat()} is more than a year ahead of the stream and of today: taken "
            "in, all that follows would count as old"
        )
