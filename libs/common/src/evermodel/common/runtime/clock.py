"""The system's clocks. The only place that asks the machine what time it is."""

import time
from datetime import UTC, datetime


class SystemClock:
    """Wall time in UTC and the machine's monotonic time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()
