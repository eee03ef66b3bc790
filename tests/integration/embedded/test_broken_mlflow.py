"""A server that is well and a database that is not: the doctor asks what lies in the database."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from evermodel.embedded import mlflow_server
from evermodel.embedded.errors import NotAvailable
from evermodel.embedded.findings import mlflow_at


@pytest.mark.guarantee(
    "outside",
    fault="MLflow's database is broken under a server that runs, or is 5,000 random bytes at 'up'",
    promise="doctor calls it wrong and says where to look; 'up' does not start and names the file",
    seen="doctor: 'the MLflow server at … answers no question: HTTP Error 503: …'",
)
def test_an_mlflow_over_a_broken_database_is_not_well(tmp_path: Path) -> None:
    database = tmp_path / "mlflow.db"
    with mlflow_server.mlflow(tmp_path) as uri:
        assert mlflow_at(uri).verdict == "well"
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("drop table experiments")
            connection.commit()
        found = mlflow_at(uri)
    assert (found.verdict, found.what) == ("wrong", "mlflow")
    assert "answers no question: HTTP Error 5" in found.detail
    assert "no such table: experiments" in found.detail
    database.write_bytes(bytes(range(250)) * 20)
    with (
        pytest.raises(NotAvailable, match="is no SQLite database"),
        mlflow_server.mlflow(tmp_path),
    ):
        pass
