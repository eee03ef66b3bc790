"""Which stretch of event time teaches, which sets the threshold, which is held out.

::

    |<------------- teach -------------->|<- calibrate ->|<- hold out ->|
    from                                                             until

Always in order of time, never at random: a model that has seen tomorrow looks better than it
will be.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

#: At most these shares of what there is go to the hold-out and to calibration.
MOST_HOLDOUT, MOST_CALIBRATION = 0.3, 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Splits:
    """The two cuts, and both ends. Half-open: a row at a cut belongs to the later part."""

    start: datetime
    calibrate_from: datetime
    hold_out_from: datetime
    end: datetime


def training_span(
    *, as_of: datetime, label_delay: timedelta, window: timedelta
) -> tuple[datetime, datetime]:
    """Return start and end of the rows whose labels have had time to arrive by `as_of`."""
    end = as_of - label_delay
    return end - window, end


def split(  # one rule, one place
    *,
    start: datetime,
    end: datetime,
    calibration: timedelta,
    holdout: timedelta,
    step: timedelta,
    onset: datetime | None = None,
) -> Splits:
    """Return the cuts of ``[start, end)``, on whole steps before `end`.

    With a short history each part gets at most its share. After a drift the share is taken of
    the time since `onset`, or the whole new regime would be held out and nothing of it learned.
    """
    extent = end - (onset if onset is not None and start < onset < end else start)
    held = _whole(min(holdout, extent * MOST_HOLDOUT), step=step)
    calibrated = _whole(min(calibration, extent * MOST_CALIBRATION), step=step)
    return Splits(
        start=start,
        calibrate_from=end - held - calibrated,
        hold_out_from=end - held,
        end=end,
    )


def _whole(length: timedelta, *, step: timedelta) -> timedelta:
    """Return `length` in whole steps when it holds one, else as it is."""
    return (length // step) * step if length >= step else length
