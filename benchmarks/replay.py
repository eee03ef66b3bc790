"""Transactions a second through the twin, without training, and what every replay costs besides.

Runs ``evermodel replay`` as a user does, on generated payments as many a day as the handbook's;
reads its own ``summary.json``. Each round replays the table twice, whole and to a third. What
the longer run took beyond the shorter is the rate; what the shorter took beyond its rows at that
rate is the fixed cost: TensorFlow's import in the scorer and in the evaluation of the first
model, and the first model's first files. Start of the process, reading of the table and writing
of the report come on top.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.figures import Figure, Figures
from benchmarks.timing import MIN_ROUNDS
from evermodel.demo.generator import generate
from evermodel.demo.world import World

MODEL = Path(__file__).parents[1] / "examples" / "demo" / "model.toml"
#: 91 days of 9,600 payments, as the handbook's second quarter of 2018.
HANDBOOK_LIKE = World(days=91, customers=3_300, terminals=4_400)
SMALL = World(days=30, customers=500, terminals=700)


@dataclass(frozen=True, slots=True)
class Run:
    """One replay. `outside`: seconds outside training; `around`: seconds the summary leaves out."""

    transactions: int
    outside: float
    around: float


def measure(*, quick: bool) -> Figures:
    """Return transactions per second of a quiet history (one training), and the fixed costs.

    Quick: a small table once. It is nearly all fixed cost, which needs the other form to tell.
    """
    world = SMALL if quick else HANDBOOK_LIKE
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "payments.parquet"
        generate(world).write_parquet(data)
        if quick:
            return _overall([replayed(data, Path(folder) / "whole")])
        third = f"{world.start + timedelta(days=world.days // 3):%Y-%m-%d}"
        pairs = [
            (
                replayed(data, Path(folder) / f"part-{n}", "--until", third),
                replayed(data, Path(folder) / f"whole-{n}"),
            )
            for n in range(MIN_ROUNDS)
        ]
    return {**_overall([whole for _, whole in pairs]), **apart(pairs)}


def replayed(data: Path, out: Path, *more: str) -> Run:
    """Replay `data` and return what it took."""
    command: list[str | Path] = [Path(sys.executable).with_name("evermodel"), "replay"]
    command += ["--model", MODEL, "--data", data, "--out", out, *more]
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    wall = time.perf_counter() - began
    summary: Mapping[str, Any] = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    seconds = summary["seconds"]
    return Run(
        summary["transactions"], seconds["total"] - seconds["training"], wall - seconds["total"]
    )


def _overall(runs: Sequence[Run]) -> Figures:
    rates = [run.transactions / run.outside for run in runs]
    return {
        "transactions_per_second_outside_training": Figure(
            median(rates), "transactions/s, fixed costs included"
        ),
        "start_and_report_seconds": Figure(
            median(run.around for run in runs), "s, not in the rate"
        ),
        "transactions": Figure(runs[0].transactions, "transactions"),
        "rounds": Figure(len(runs), "rounds"),
    }


def apart(pairs: Sequence[tuple[Run, Run]]) -> Figures:
    """Return rate and fixed cost of rounds of two runs, a shorter and a longer one."""
    rates = [
        (whole.transactions - part.transactions) / (whole.outside - part.outside)
        for part, whole in pairs
    ]
    fixed = [p.outside - p.transactions / rate for (p, _), rate in zip(pairs, rates, strict=True)]
    return {
        "transactions_per_second_besides_fixed": Figure(median(rates), "transactions/s"),
        "fixed_seconds": Figure(median(fixed), "s, of each replay"),
    }
