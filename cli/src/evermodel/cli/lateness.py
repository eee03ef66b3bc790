"""Which models' rows come after their windows have closed, so that no verdict was made with them.

Owns the words and what counts as many, so that `status` and `doctor` say the same.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from evermodel.cli.reading import Read, events
from evermodel.common.events.windows import TransactionsWindowed

#: So many of a model's newest windows are looked at: what was late long ago is nobody's trouble.
RECENT = 10
#: Of their rows so many are many. Some always come late: a payment that was tried again.
MANY = 0.01


@dataclass(frozen=True, slots=True)
class Late:
    """Late rows of one model: `late` that came too late for their windows, `rows` in time."""

    model: str
    windows: int
    late: int
    rows: int

    def __str__(self) -> str:
        """Return it for people, in one line."""
        share = self.late / (self.late + self.rows)
        return (
            f"{self.model}: {self.late:,} rows ({share:.1%}) of the last {self.windows} windows "
            "came after their window had closed: they lie in the lake, no verdict counts them"
        )


def late(found: Sequence[Read]) -> list[Late]:
    """Return the models of whose newest windows in `found` many rows were late."""
    recent: dict[str, deque[TransactionsWindowed]] = {}
    for event in events(found):
        if isinstance(event.payload, TransactionsWindowed):
            recent.setdefault(event.payload.model, deque(maxlen=RECENT)).append(event.payload)
    told = [
        Late(
            model=model,
            windows=len(windows),
            late=sum(window.late_rows for window in windows),
            rows=sum(window.counters.rows for window in windows),
        )
        for model, windows in sorted(recent.items())
    ]
    return [one for one in told if one.late and one.late >= MANY * (one.late + one.rows)]
