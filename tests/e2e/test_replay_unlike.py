"""Tables unlike the demo's go through every service, side by side."""

import json
from pathlib import Path

import polars as pl

from evermodel.playback.outputs import SCORED, SUMMARY
from evermodel.playback.source import Table
from evermodel.twin.replay import Span, play


def test_three_models_unlike_ours_live_side_by_side(
    unlike_tables: list[Table], tmp_path: Path
) -> None:
    summaries = play(unlike_tables, tmp_path, span=Span())
    for table, summary in zip(unlike_tables, summaries, strict=True):
        content, folder = summary.content, tmp_path / table.model.name
        assert content["model"] == table.model.name
        assert content["transactions"] == len(table)
        assert (content["lost"], content["duplicated"], content["dead_letters"]) == (0, 0, 0)
        assert [c["version"] for c in content["champions"]][:1] == [1]
        scored = pl.read_parquet(folder / SCORED)
        assert "champion" in scored["role"].to_list()
        assert 1 in scored.filter(pl.col("decided"))["version"].to_list()
        assert json.loads((folder / SUMMARY).read_bytes())["model"] == table.model.name
    assert len({summary.content["ledger_sha256"] for summary in summaries}) == len(summaries)
