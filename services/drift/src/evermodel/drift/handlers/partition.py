"""What both streams' partitions share: what a batch leads to, and how a partial is said.

Must never count or keep: it says what others have counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from evermodel.common.events.windows import TransactionsPartial, WindowCounters
from evermodel.common.kernel.ids import ModelName
from evermodel.common.messaging.api import Emit, Rejected
from evermodel.drift.domain.grid import Grid, moment
from evermodel.drift.handlers.payloads import span

Stream = Literal["scored", "labels"]


@dataclass(slots=True)
class Output:
    """What follows from a batch, gathered over its partitions."""

    events: list[Emit] = field(default_factory=list)
    state: dict[str, bytes | None] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """Says the partials of one partition of one stream."""

    stream: Stream
    partition: int
    partitions: int

    def partial(  # the parts of a partial
        self,
        model: str,
        start: int,
        *,
        grid: Grid,
        watermark: int,
        counters: WindowCounters | None = None,
        lake: Sequence[str] = (),
        late_from: int | None = None,
    ) -> Emit:
        """Return the partial of the window at `start`, timed at its end.

        `late_from`: the offset of the first late row, for a correction.
        """
        payload = TransactionsPartial(
            model=ModelName(model),
            window=span(start, start + grid.length),
            stream=self.stream,
            partition=self.partition,
            partitions=self.partitions,
            watermark=moment(watermark),
            late=late_from is not None,
            counters=counters,
            lake=tuple(lake),
        )
        identity = f"{model}/{self.stream}/{self.partition}/{start}"
        if late_from is not None:
            identity += f"/late/{late_from}"
        return Emit(payload=payload, time=moment(start + grid.length), identity=identity)
