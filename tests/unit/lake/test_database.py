"""What DuckDB keeps of each query goes with its database, which is opened anew in time."""

from itertools import groupby

import pytest

from evermodel.lake import sql


def test_a_database_is_used_for_so_many_connections_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sql, "RENEWED_AFTER", 3)
    used = []
    for _ in range(12):
        with sql.connected([], threads=1):
            used.append(sql._database(1))
    times = [len(list(same)) for _, same in groupby(used, key=id)]
    assert sorted(set(times[1:-1])) == [3]


def test_who_reads_while_it_is_opened_anew_reads_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "RENEWED_AFTER", 1)
    with sql.connected([], threads=1) as first:
        first.execute("create temp table kept as select 7 as it")
        with sql.connected([], threads=1) as second:
            assert second.execute("select 8").fetchall() == [(8,)]
        assert first.execute("select it from kept").fetchall() == [(7,)]
