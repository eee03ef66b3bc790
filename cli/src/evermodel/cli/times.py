"""A time as a person gives it to an option."""

from datetime import UTC, datetime

from evermodel.cli.errors import WrongUsage
from evermodel.common.kernel.meant_time import EARLIEST, LATEST


def time_of(text: str, *, option: str) -> datetime:
    """Return the date or time in `text`, UTC where it names no zone.

    Raises:
        WrongUsage: it is none; the message names `option`.
    """
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        example = "2018-06-12 or 2018-06-12T09:30:00Z"
        raise WrongUsage(f"{option} {text!r} is no date or time, e.g. {example}") from error
    time = time if time.tzinfo else time.replace(tzinfo=UTC)
    if not EARLIEST <= time <= LATEST:
        raise WrongUsage(f"{option} {text!r} lies before the year 1900 or after 9998")
    return time
