"""A database of MLflow that was cut short while it was laid is laid anew; one that answered, never.

Migrations that a full disk or a kill broke off do not go on: each start after failed like it.
"""

from pathlib import Path

import pytest

from evermodel.embedded import mlflow_server


@pytest.mark.guarantee(
    "outside",
    fault="MLflow's first start is broken off while its database is laid",
    promise="laid anew at the next start; one that has answered is never touched",
    seen="nothing",
)
def test_a_database_that_was_cut_short_is_laid_anew_and_one_that_answered_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mlflow_server, "_schema", lambda: tmp_path / "none.db")
    database = tmp_path / "mlflow.db"
    mlflow_server.prepare(tmp_path)
    database.write_bytes(b"SQLite format 3\0half")
    journal = database.with_name("mlflow.db-journal")
    journal.touch()
    monkeypatch.setattr(mlflow_server, "is_healthy", lambda _: False)
    assert not mlflow_server.prepare(tmp_path).is_ready()
    assert not database.exists()
    assert not journal.exists()
    monkeypatch.setattr(mlflow_server, "is_healthy", lambda _: True)
    part = mlflow_server.prepare(tmp_path)
    database.write_bytes(b"SQLite format 3\0whole")
    assert part.is_ready()
    mlflow_server.prepare(tmp_path)
    assert database.exists()


def test_a_database_from_before_is_kept(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_bytes(b"SQLite format 3\0whole")
    mlflow_server.prepare(tmp_path)
    mlflow_server.prepare(tmp_path)
    assert (tmp_path / "mlflow.db").exists()
