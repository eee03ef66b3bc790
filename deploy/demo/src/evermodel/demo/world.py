"""The stage of the generator: how large the world is and what happens to it, and when.

Owns the numbers of the story. Must never draw a random number: what is stated here is the
same for every seed.
"""

from dataclasses import dataclass
from datetime import datetime

#: Rolling windows reach back 30 days and terminals another label delay: earlier rows of a
#: fresh world would show windows still filling, the strongest drift of all.
LONGEST_WINDOW_DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceLevel:
    """From `day` on the source states amounts, and the averages it restates, `factor` higher."""

    day: int
    factor: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NightRaids:
    """From `day` on stolen cards are used at night for moderate sums, no longer for large ones."""

    day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """For `days` from `day` on the source of `prefix` features answers null."""

    day: int
    days: int
    prefix: str = "TERMINAL_ID_"


Happening = PriceLevel | NightRaids | Outage


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Size, time and happenings. Days count from `start`; rows before it are never shown."""

    seed: int = 7
    start: datetime = datetime(2025, 3, 3)  # noqa: DTZ001  # a naive column, read as UTC
    days: int = 60
    customers: int = 1500
    terminals: int = 2000
    label_delay_days: int = 2
    happenings: tuple[Happening, ...] = ()

    @property
    def warm_up_days(self) -> int:
        """Days played before `start`, so that every rolling window is full on day 0."""
        return LONGEST_WINDOW_DAYS + self.label_delay_days + 2


QUIET = World()

#: The story of `make demo`, in days of event time; it ends when version 3 is taken back:
#:
#:     0 ······ 20 ······ 28 ········ 35 ····· 40 ···· 45-46 ··· 48 ······· 55 ······ 57
#:     history  v1 serves  the world   v2 is    v2      outage    the world  v3 is    v3 is
#:                         moves       trained  serves            moves on   trained  taken back
STORY = World(
    days=57,
    happenings=(
        PriceLevel(day=28, factor=1.35),
        NightRaids(day=28),
        Outage(day=45, days=2),
        PriceLevel(day=48, factor=1.35),
    ),
)
