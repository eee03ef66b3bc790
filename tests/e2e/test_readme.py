"""The README's five minutes, run as they are written on a table of one's own."""

import json
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.unit.docs.readme import README, commands

DAYS, A_DAY = 45, 300


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the payments that the README speaks of, and the commands it calls."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / ".venv").mkdir()
    (folder / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
    rng, rows = np.random.default_rng(1), DAYS * A_DAY
    amount, place = rng.gamma(2, 20, rows), rng.choice(["shop", "web", "atm"], rows)
    signal = amount / 40 + (place == "web") + rng.normal(0, 0.5, rows)
    start = datetime(2025, 1, 6)  # noqa: DTZ001  # a naive column, as most tables have
    frame = pl.DataFrame(
        {
            "payment_id": np.arange(rows),
            "paid_at": [start + timedelta(days=DAYS) * row / rows for row in range(rows)],
            "card": rng.integers(0, 300, rows),
            "amount": amount,
            "place": place,
            "is_fraud": (signal > np.quantile(signal, 0.97)).astype(np.int8),
        }
    )
    frame.write_parquet(folder / "payments.parquet")
    return folder


def test_a_stranger_with_a_table_has_a_report_after_two_commands(desk: Path) -> None:
    section = README.split("## Your own model in five minutes")[1].split("To run it for real")[0]
    lines = list(commands(section))
    assert [line[1] for line in lines] == ["init", "replay"]
    for line in lines:
        done = subprocess.run(line, cwd=desk, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    summary = json.loads((desk / "runs" / "mine" / "summary.json").read_text())
    assert (summary["transactions"], summary["lost"]) == (DAYS * A_DAY, 0)
    assert summary["champions"][0]["version"] == 1
    assert "<svg" in (desk / "runs" / "mine" / "report.html").read_text()
