"""A bank so small that its whole story is told in a fifth of a second of handlers' work.

    history ─▶ v1 ─▶ amounts grow tenfold ─▶ alarm ─▶ v2 ─▶ 50 ─▶ 100 ─▶ completed
                                                  └─▶ the same, and a person takes v2 back

Owns what is given in, window by window. Nothing here is random: the same bytes in every run.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

import polars as pl

from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.kernel.ids import ModelName
from evermodel.common.messaging.api import Emit
from evermodel.common.messaging.emission import emissions
from evermodel.common.messaging.records import Outgoing
from evermodel.common.models.description import ModelDescription
from evermodel.playback.feed import Feed, first_order
from evermodel.playback.source import read_frame

START = datetime(2026, 1, 5)  # noqa: DTZ001  # a table's times are naive UTC
DAY = timedelta(days=1)
ROWS_A_DAY, ENTITIES = 40, 10
BANK = ModelName("bank")

MODEL = ModelDescription.model_validate(
    {
        "model": {"name": BANK},
        "stream": {
            "time": "at",
            "label": "fraud",
            "id": "id",
            "entity": "card",
            "label_delay": "1d",
        },
        "features": {"continuous": ["amount", "risk"]},
        "windows": {"length": "1d", "min_rows": 20, "season": "none"},
        "drift": {"cool_down": "3d", "persistence": 2},
        "training": {"window": "2d", "calibration": "1d", "holdout": "1d", "regime": "1d"},
        "decision": {"alert_budget": 0.5},
        "gates": {"min_frauds": 3, "margin": 0.3},
        "rollout": {
            "steps": [50, 100],
            "min_rows": 10,
            "min_duration": "1d",
            "patience": "5d",
            "label_horizon": "1d",
        },
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Days of trade. On day `drift` amounts move; orders are given when their day has ended."""

    name: str
    days: int
    drift: int
    orders: tuple[tuple[int, str], ...] = ()


#: The first model is ordered at the end of day 2, when a training window has been labelled.
BOOTSTRAP = 2
PROMOTED = Story(name="promoted", days=9, drift=3)
TAKEN_BACK = Story(
    name="taken back", days=10, drift=3, orders=((6, "abort"), (7, "retrain"), (8, "abort"))
)
STORIES = (PROMOTED, TAKEN_BACK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What is published for one window, and what is ordered after it."""

    end: datetime
    records: tuple[Outgoing, ...]
    orders: tuple[Outgoing, ...]


@cache
def days_of(story: Story) -> Sequence[Day]:
    """Return what is given in, in order; watermarks apart."""
    feed = Feed(read_frame(_frame(story), model=MODEL))
    told = []
    for number, window in enumerate(feed.windows()):
        emits = [first_order(BANK, window.end)] if number == BOOTSTRAP else []
        emits += [_order(order, window.end) for day, order in story.orders if day == number]
        told.append(
            Day(
                end=window.end,
                records=(*window.transactions, *window.labels),
                orders=tuple(emissions(emits, cause=None, source="/test")),
            )
        )
    return told


def published(story: Story) -> dict[str, datetime]:
    """Return every transaction's id and event time."""
    frame = _frame(story)
    times = [time.replace(tzinfo=UTC) for time in frame["at"]]
    return dict(zip(frame["id"].to_list(), times, strict=True))


def _order(command: str, time: datetime) -> Emit:
    order = LifecycleCommand.model_validate(
        {"model": BANK, "command": command, "who": "she", "why": "the story wants it"}
    )
    return Emit(order, time, identity=f"story/{command}/{time.isoformat()}")


def _frame(story: Story) -> pl.DataFrame:
    """Spread each day's values evenly over their range, so that days differ by drift alone."""
    rows = []
    for day in range(story.days):
        for n in range(ROWS_A_DAY):
            place = (n * 29 + day * 7) % ROWS_A_DAY / ROWS_A_DAY
            risk = (n * 13 + day * 5) % ROWS_A_DAY / ROWS_A_DAY
            rows.append(
                {
                    "id": f"t{day}-{n}",
                    "at": START + day * DAY + n * DAY / ROWS_A_DAY,
                    "card": f"c{(n * 7 + day) % ENTITIES}",
                    "amount": 10.0 + 90.0 * place * (10.0 if day >= story.drift else 1.0),
                    "risk": risk,
                    "fraud": int(risk > 0.85),
                }
            )
    return pl.DataFrame(rows)
