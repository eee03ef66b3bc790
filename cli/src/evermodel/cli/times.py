"""A time as a person gives it to an option."""

from datetime import UTC, datetime

from evermodel.cli.errors import WrongUsage


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
    return time if time.tzinfo else time.replace(tzinfo=UTC)
