"""The demo's payments without an end: eight weeks of a small bank, again and again.

In the middle of each eight weeks the prices rise and thieves change their habits; at their end all
is as it was. So the model is renewed about twice in each of them, for ever.
"""

from collections.abc import Iterator
from datetime import timedelta

import polars as pl

from evermodel.common.models.description import ModelDescription
from evermodel.demo.generator import generate
from evermodel.demo.world import NightRaids, PriceLevel, World
from evermodel.playback.feed import Feed, Window
from evermodel.playback.source import read_frame

#: Whole weeks, so that weekdays go on; even, so that the change lies in the middle.
WEEKS = 8
WORLD = World(
    days=WEEKS * 7,
    customers=1_000,
    terminals=1_300,
    happenings=(PriceLevel(day=WEEKS * 7 // 2, factor=1.35), NightRaids(day=WEEKS * 7 // 2)),
)
_TIMES = "TX_DATETIME"
_ID = "TRANSACTION_ID"


def windows(model: ModelDescription) -> Iterator[tuple[Feed, Window]]:
    """Yield every window, for ever; a feed is of two rounds, for labels come late."""
    base = generate(WORLD).with_columns(pl.col(_ID).cast(pl.Int64))
    number = 0
    while True:
        rounds = [_later(base, n) for n in (number - 1, number) if n >= 0]
        feed = Feed(read_frame(pl.concat(rounds), model=model, name="the bank"))
        start = feed.start + timedelta(weeks=WEEKS) * (len(rounds) - 1)
        while start < feed.end:
            yield feed, feed.window(start)
            start += model.windows.length
        number += 1


def _later(base: pl.DataFrame, number: int) -> pl.DataFrame:
    """Return the payments of round `number`: later, and with ids of their own."""
    return base.with_columns(
        pl.col(_TIMES) + timedelta(weeks=WEEKS) * number,
        pl.col(_ID) + len(base) * number,
    )
