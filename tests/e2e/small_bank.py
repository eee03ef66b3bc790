"""Banks small enough to tell their stories in seconds: models of four features, learned in a week.

Three of them are neighbours: the amounts of two move, each on a day of its own, and lead to a
version 2; nothing ever happens to the third, which has no ids either.
"""

from collections.abc import Mapping
from functools import cache

import polars as pl

from evermodel.common.models.description import ModelDescription
from evermodel.demo.generator import generate
from evermodel.demo.world import Happening, PriceLevel, World
from evermodel.playback.source import Table, read_frame

CARDS = ("TX_AMOUNT", "CUSTOMER_ID_AVG_AMOUNT_7DAY_WINDOW", "TERMINAL_ID_RISK_7DAY_WINDOW")
TERMINALS = ("TX_AMOUNT", "TERMINAL_ID_NB_TX_1DAY_WINDOW", "TERMINAL_ID_RISK_1DAY_WINDOW")

#: By model: its seed, its features, its days, and what happens to it.
_NEIGHBOURS: Mapping[str, tuple[int, tuple[str, ...], int, tuple[Happening, ...]]] = {
    "cards": (1, CARDS, 13, (PriceLevel(day=8, factor=2.0),)),
    "terminals": (2, TERMINALS, 13, (PriceLevel(day=9, factor=0.4),)),
    "wires": (3, CARDS, 11, ()),
}
MOVED, STILL = ("cards", "terminals"), "wires"


@cache
def brought(name: str) -> tuple[pl.DataFrame, ModelDescription]:
    """Return about 1 200 payments a day of one of the three, and what its people say of them."""
    seed, continuous, days, happenings = _NEIGHBOURS[name]
    world = World(
        seed=seed,
        days=days,
        customers=400,
        terminals=300,
        label_delay_days=1,
        happenings=happenings,
    )
    frame, identity = generate(world), "TRANSACTION_ID"
    if name == STILL:
        return frame.drop(identity), _model(name, continuous, None)
    return frame, _model(name, continuous, identity)


def neighbour(name: str) -> Table:
    """Return the table of one of the three, as it is played."""
    frame, model = brought(name)
    return read_frame(frame, model=model, name=name)


def _model(name: str, continuous: tuple[str, ...], identity: str | None) -> ModelDescription:
    """Return a model whose first champion is trained when seven days have been played."""
    return ModelDescription.model_validate(
        {
            "model": {"name": name},
            "stream": {
                "time": "TX_DATETIME",
                "label": "TX_FRAUD",
                "id": identity,
                "entity": "CUSTOMER_ID",
                "label_delay": "1d",
                "forbidden": ["TX_FRAUD_SCENARIO"],
            },
            "features": {"continuous": continuous, "flag": ["TX_DURING_NIGHT"]},
            "windows": {"length": "1d", "min_rows": 300, "season": "none"},
            "drift": {"cool_down": "7d"},
            "training": {
                "window": "6d",
                "calibration": "1d",
                "holdout": "2d",
                "regime": "1d",
                "epochs": 3,
                "batch_size": 512,
                "hidden": [16],
            },
            "decision": {"alert_budget": 0.08},
            "gates": {"min_frauds": 8, "margin": 0.3, "latency_ms": 10_000.0},
            "rollout": {"steps": [50, 100], "min_rows": 100, "label_horizon": "1d"},
        }
    )
