"""What both streams' partitions share: what a batch leads to, how a partial is said, and how what
waits for the lake follows the position.

Must never count or keep: it says what others have counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from evermodel.common.events.windows import TransactionsPartial, WindowCounters
from evermodel.common.kernel.ids import ModelName
from evermodel.common.messaging.api import Emit, Rejected
from evermodel.drift.domain.grid import Grid, moment
from evermodel.drift.handlers.lake_buffer import LakeBuffer
from evermodel.drift.handlers.payloads import span
from evermodel.drift.handlers.windower_state import Position

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


def turn_to(chunk: int, *, position: Position, buffer: LakeBuffer) -> None:
    """Complete the chunk that was read before, unless it is `chunk`."""
    if chunk != position.chunk:
        buffer.clear()
        position.refused.clear()
        position.chunk = chunk


def hand_over(key: str, *, position: Position, buffer: LakeBuffer, output: Output) -> None:
    """Write what is not written, so that the next owner need not read it again for that."""
    if position.reached > position.written:
        buffer.flush()
        position.written = position.reached
        output.state[key] = position.encode()
