"""What time an order has in a stream that is played back, or that stands still.

Owns the one bound on it. A person's order carries the time its sender gave it; taken as it is, a
time years ahead of the stream would have every service wait for the stream to come there.
"""

from datetime import datetime, timedelta


def in_stream(time: datetime, *, told: datetime | None, window: timedelta) -> datetime:
    """Return `time`, or where the stream may be at most if `time` lies further ahead.

    `told`: event time the stream has reached, None when it has told nothing yet. `window`: from
    a window's start until it is surely closed; one may be open and one about to be.
    """
    return time if told is None else min(time, told + 2 * window)
