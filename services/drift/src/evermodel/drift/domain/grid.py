"""Windows of equal length from the epoch on, in whole microseconds of UTC.

The hot path counts in integers; `datetime` appears where an event is made.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

#: After a gap longer than this many windows only the newest are said to be empty.
LONGEST_GAP = 1000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(time: datetime) -> int:
    """Return microseconds since the epoch."""
    return (time - _EPOCH) // _MICROSECOND


def moment(at: int) -> datetime:
    """Return the time `at` microseconds since the epoch."""
    return _EPOCH + timedelta(microseconds=at)


@dataclass(frozen=True, slots=True)
class Grid:
    """Windows ``[k * length, (k + 1) * length)``; `length` in microseconds."""

    length: int

    def start(self, at: int) -> int:
        """Return the start of the window that holds `at`."""
        return at // self.length * self.length

    def last_closed(self, watermark: int) -> int:
        """Return the start of the last window that ends at `watermark` or before."""
        return self.start(watermark) - self.length

    def after(self, closed: int | None, *, watermark: int, limit: int) -> list[int]:
        """Return the windows after `closed` that end by `watermark`: at most the last `limit`.

        With nothing closed yet, only the very last: nothing is known of the time before.
        """
        last = self.last_closed(watermark)
        first = last if closed is None else closed + self.length
        first = max(first, last - (limit - 1) * self.length)
        return list(range(first, last + 1, self.length))
