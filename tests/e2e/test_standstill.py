"""A world in which nothing happens: after the first model nothing is trained and nothing promoted.

The description is that of the handbook's payments, a control of the same kind; only what depends
on the size of a bank is smaller.
"""

from pathlib import Path

from evermodel.common.models.description import ModelDescription
from evermodel.common.models.file import read_model
from evermodel.demo.generator import generate
from evermodel.demo.world import World
from evermodel.playback.source import read_frame
from evermodel.twin.replay import Span, play

HANDBOOK = Path(__file__).resolve().parents[2] / "examples/handbook/model.toml"
SMALLER = {
    "windows": {"min_rows": 500},
    "training": {"epochs": 3, "hidden": (16,)},
}
#: The first model is trained on day 34; three weeks follow, every weekday three times.
DAYS = 55


def smaller() -> ModelDescription:
    model = read_model(HANDBOOK)
    changed = {
        name: getattr(model, name).model_copy(update=update) for name, update in SMALLER.items()
    }
    return model.model_copy(update=changed)


def test_nothing_is_promoted_while_the_world_stands_still(tmp_path: Path) -> None:
    world = World(seed=11, days=DAYS, customers=500, terminals=600, label_delay_days=7)
    table = read_frame(generate(world), model=smaller(), name="a bank of no news")
    (summary,) = play([table], tmp_path, span=Span())
    content = summary.content
    assert content["windows"] == DAYS
    assert [a for a in content["alarms"] if a["severity"] == "retrain"] == []
    assert [t["version"] for t in content["trainings"]] == [1]
    assert [(r["version"], r["outcome"]) for r in content["rollouts"]] == [(1, "promoted")]
    assert content["champions"] == [{"version": 1, "from": "2025-04-06T00:00:00Z"}]
