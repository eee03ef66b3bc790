"""A bank small enough to tell its story in seconds: a model of four features, learned in a week."""

from evermodel.common.models.description import ModelDescription
from evermodel.demo.generator import generate
from evermodel.demo.world import Happening, World
from evermodel.playback.source import Table, read_frame

CARDS = ("TX_AMOUNT", "CUSTOMER_ID_AVG_AMOUNT_7DAY_WINDOW", "TERMINAL_ID_RISK_7DAY_WINDOW")
TERMINALS = ("TX_AMOUNT", "TERMINAL_ID_NB_TX_1DAY_WINDOW", "TERMINAL_ID_RISK_1DAY_WINDOW")


def small_model(name: str, *, continuous: tuple[str, ...] = CARDS) -> ModelDescription:
    """Return a model whose first champion is trained when seven days have been played."""
    return ModelDescription.model_validate(
        {
            "model": {"name": name},
            "stream": {
                "time": "TX_DATETIME",
                "label": "TX_FRAUD",
                "id": "TRANSACTION_ID",
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
                "regime": "4d",
                "epochs": 3,
                "batch_size": 512,
                "hidden": [16],
            },
            "decision": {"alert_budget": 0.08},
            "gates": {"min_frauds": 20, "latency_ms": 10_000.0},
            "rollout": {"min_rows": 100, "label_horizon": "2d"},
        }
    )


def small_table(
    model: ModelDescription, *, seed: int, days: int, happenings: tuple[Happening, ...] = ()
) -> Table:
    """Return about 1 200 payments a day of a bank of its own."""
    world = World(
        seed=seed,
        days=days,
        customers=400,
        terminals=300,
        label_delay_days=1,
        happenings=happenings,
    )
    return read_frame(generate(world), model=model, name=f"the payments of {model.name}")
