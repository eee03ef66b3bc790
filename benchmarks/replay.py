"""Transactions a second through the twin, with and without the time that training takes.

Runs ``evermodel replay`` as a user does, on generated payments; reads its own ``summary.json``.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.figures import Figure, Figures
from benchmarks.timing import MIN_ROUNDS
from evermodel.demo.generator import generate
from evermodel.demo.world import World

MODEL = Path(__file__).parents[1] / "examples" / "demo" / "model.toml"


def measure(*, quick: bool) -> Figures:
    """Return transactions per second of a quiet history (one bootstrap training)."""
    world = World(days=24, customers=500, terminals=700) if quick else World(days=90)
    rounds = 1 if quick else MIN_ROUNDS
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "payments.parquet"
        generate(world).write_parquet(data)
        summaries = [replayed(data, Path(folder) / f"out-{n}") for n in range(rounds)]
    rates = [s["transactions"] / (_total(s) - s["seconds"]["training"]) for s in summaries]
    overall = [s["transactions"] / _total(s) for s in summaries]
    return {
        "transactions_per_second_outside_training": Figure(median(rates), "transactions/s"),
        "transactions_per_second": Figure(median(overall), "transactions/s"),
        "transactions": Figure(summaries[0]["transactions"], "transactions"),
        "rounds": Figure(rounds, "runs"),
    }


def replayed(data: Path, out: Path) -> dict[str, Any]:
    """Replay `data` and return the summary."""
    command: list[str | Path] = [Path(sys.executable).with_name("evermodel"), "replay"]
    command += ["--model", MODEL, "--data", data, "--out", out]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    summary: dict[str, Any] = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    return summary


def _total(summary: Mapping[str, Any]) -> float:
    return float(summary["seconds"]["total"])
