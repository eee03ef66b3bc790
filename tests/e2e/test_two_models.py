"""Two models live side by side in the same services and topics, each as if it were alone.

Their payments share one topic, one partition and their ids, but nothing that is decided.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from evermodel.demo.world import PriceLevel
from evermodel.playback.source import Table
from evermodel.twin.replay import Span, play
from tests.e2e.small_bank import TERMINALS, small_model, small_table

#: In days: when the first models are trained, when the amounts of one of the two move, the end.
FIRST_MODEL, MOVES, DAYS = 7, 9, 11

Content = Mapping[str, Any]


@dataclass(frozen=True)
class Told:
    """What the two did together, and where it was written."""

    out: Path
    tables: Mapping[str, Table]
    contents: Mapping[str, Content]


@pytest.fixture(scope="module")
def tables() -> Mapping[str, Table]:
    cards, terminals = small_model("cards"), small_model("terminals", continuous=TERMINALS)
    moved = (PriceLevel(day=MOVES, factor=2.0),)
    return {
        "cards": small_table(cards, seed=1, days=DAYS, happenings=moved),
        "terminals": small_table(terminals, seed=2, days=DAYS),
    }


@pytest.fixture(scope="module")
def together(tables: Mapping[str, Table], tmp_path_factory: pytest.TempPathFactory) -> Told:
    out = tmp_path_factory.mktemp("together")
    summaries = play([*tables.values()], out, span=Span())
    return Told(out, tables, {s.content["model"]: s.content for s in summaries})


@pytest.mark.parametrize("name", ["cards", "terminals"])
def test_each_gets_a_first_champion_of_its_own(together: Told, name: str) -> None:
    content = together.contents[name]
    assert [c["version"] for c in content["champions"]] == [1]
    assert content["registry"]["champion"] == 1
    assert [t["outcome"] for t in content["trainings"]] == ["trained"]


@pytest.mark.parametrize("name", ["cards", "terminals"])
def test_neither_sees_a_row_of_the_other(together: Told, name: str) -> None:
    content, fed = together.contents[name], together.tables[name].frame
    assert content["transactions"] == len(fed)
    assert (content["lost"], content["duplicated"], content["dead_letters"]) == (0, 0, 0)
    scored = pl.read_parquet(together.out / name / "scored.parquet")
    served = fed.filter(pl.col("TX_TIME_DAYS") >= FIRST_MODEL)
    assert sorted(scored["id"].to_list()) == sorted(served["__id"].to_list())


def test_a_drift_of_one_is_no_alarm_of_the_other(together: Told) -> None:
    assert together.contents["cards"]["alarms"], "its amounts doubled"
    assert together.contents["terminals"]["alarms"] == []


@pytest.mark.parametrize("name", ["cards", "terminals"])
def test_each_decides_as_if_it_were_alone(together: Told, name: str, tmp_path: Path) -> None:
    (alone,) = play([together.tables[name]], tmp_path, span=Span())
    assert alone.content["ledger_sha256"] == together.contents[name]["ledger_sha256"]
