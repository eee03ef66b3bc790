"""A canary that cannot serve, through the real loop: payments, scorer, windows, judge and Git.

accepted v2 -> rollout.step -> scorer loads it -> transactions.scored -> window -> judge -> back
"""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from evermodel.common.events.rollout import RolloutStep
from evermodel.common.events.traffic import ScoredTransaction, ServingApplied, Watermark
from evermodel.common.messaging.records import Outgoing
from evermodel.common.models.file import parse_model
from evermodel.common.testing.harness import Harness
from evermodel.deployer.adapters.embedded_engine import EmbeddedEngine
from evermodel.deployer.adapters.memory_repository import MemoryRepository
from evermodel.deployer.wiring import assemble as deployer
from evermodel.drift.adapters.msgpack_tallies import MsgpackTallies
from evermodel.drift.adapters.parquet_lake import ParquetLake
from evermodel.drift.wiring import assemble_detector, assemble_windower
from evermodel.profile.building import build_reference
from evermodel.profile.reference import Reference
from evermodel.profile.schema import Schema
from evermodel.profile.units import WindowRows
from evermodel.scorer.ports import BundleRefused, Columns
from evermodel.scorer.wiring import assemble as scorer
from tests.unit.deployer.scenario import DAY, START, Inline, candidate
from tests.unit.scorer.bench import MODEL, Formula, FormulaStore, by_amount, payment

PARTITIONS, ROWS = 2, 600


def columns(rows: int = ROWS) -> dict[str, list[object]]:
    """What a day's payments hold: every day is alike."""
    return {
        "TX_AMOUNT": [float(n % 50) for n in range(rows)],
        "MERCHANT": [f"m{n % 5}" for n in range(rows)],
        "TX_DURING_NIGHT": [n % 2 for n in range(rows)],
    }


class OneReference:
    """The same reference for every version, of days like those that are played."""

    def __init__(self) -> None:
        schema = Schema(
            continuous=("TX_AMOUNT",), categorical=("MERCHANT",), flag=("TX_DURING_NIGHT",)
        )
        before = [START - n * DAY for n in range(28, 0, -1)]
        windows = [WindowRows(start=t, end=t + DAY, columns=columns(), alerts=5) for t in before]
        self._reference = build_reference(windows, schema=schema, min_rows=100)

    def get(self, model: str, reference_id: str) -> Reference:
        return self._reference


def outgoing(topic: str, value: Any, *, partition: int, kind: str | None = None) -> Outgoing:
    headers = [("ce_subject", b"fraud"), *([("ce_type", kind.encode())] if kind else [])]
    return Outgoing(
        topic=topic,
        key=b"7",
        value=json.dumps(value).encode(),
        headers=tuple(headers),
        partition=partition,
    )


@dataclass
class Bank:
    """Everything between a payment and the version that decides it."""

    harness: Harness
    repository: MemoryRepository
    store: FormulaStore
    now: datetime = START

    def accepts(self, version: int) -> None:
        self.harness.publish(candidate(version), time=self.now)
        self.harness.run()

    def day(self) -> None:
        """Pay for a day, and let its window close."""
        sent, held = [], columns()
        for n in range(ROWS):
            at = self.now + n * DAY / ROWS
            row = payment(TRANSACTION_ID=f"{self.now:%j}-{n}", CUSTOMER_ID=n, TX_DATETIME=f"{at}")
            row |= {name: values[n] for name, values in held.items()}
            sent.append(outgoing("transactions", row, partition=n % PARTITIONS))
        self.now += DAY
        mark = {"model": "fraud", "time": (self.now + timedelta(hours=12)).isoformat()}
        for partition in range(PARTITIONS):
            sent += [
                outgoing(topic, mark, partition=partition, kind=Watermark.TYPE)
                for topic in ("transactions", "labels")
            ]
        self.harness.publish_records(sent)
        self.harness.run()

    @property
    def steps(self) -> list[RolloutStep]:
        return [event.payload for event in self.harness.events(RolloutStep)]

    @property
    def actions(self) -> list[str]:
        return [f"{step.action} v{step.version}" for step in self.steps]

    @property
    def rows(self) -> list[dict[str, Any]]:
        kind = ("ce_type", ScoredTransaction.TYPE.encode())
        records = self.harness.records("transactions.scored")
        return [msgspec.json.decode(r.value or b"") for r in records if kind in r.headers]


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    harness, repository = Harness(partitions=PARTITIONS), MemoryRepository()
    store = FormulaStore({f"runs:/r{v}/bundle": by_amount for v in (1, 2, 3)})
    models = {"fraud": parse_model(f"{MODEL}[rollout]\nmin_rows = 20\n", source="test")}
    references = OneReference()
    harness.add(scorer(models=models, bundles=store, scoring=store))
    harness.add(
        assemble_windower(
            models=models,
            references=references,
            lake=ParquetLake(tmp_path),
            codec=MsgpackTallies(),
            partitions=harness.broker.partitions,
        )
    )
    harness.add(assemble_detector(models=models, references=references, clock=harness.clock))
    engine = EmbeddedEngine(repository)
    harness.add(deployer(models=models, repository=repository, engine=engine, beside=Inline()))
    return Bank(harness, repository, store)


def after(calls: int, then: Callable[[Columns], Sequence[float]]) -> Formula:
    """Answer well `calls` times: once to be tried out, and then once a batch."""
    made = 0

    def score(columns: Columns) -> Sequence[float]:
        nonlocal made
        made += 1
        return by_amount(columns) if made <= calls else then(columns)

    return score


def raising(_: Columns) -> Sequence[float]:
    raise RuntimeError("kernel missing")


def nan(columns: Columns) -> Sequence[float]:
    return [math.nan for _ in columns["TX_AMOUNT"]]


def test_a_good_version_is_not_taken_back_on_this_way(bank: Bank) -> None:
    bank.accepts(1)
    bank.accepts(2)
    for _ in range(4):
        bank.day()

    assert bank.actions[-1] == "promoted v2"


@pytest.mark.parametrize(
    ("formula", "why"),
    [
        (BundleRefused("another digest"), "another digest"),
        (raising, "kernel missing"),
        (nan, "is no probability"),
    ],
)
def test_a_version_that_does_not_load_or_answer_never_decides_and_git_says_why(
    bank: Bank, formula: Formula | Exception, why: str
) -> None:
    bank.accepts(1)
    bank.store.formulas["runs:/r2/bundle"] = formula
    bank.accepts(2)
    bank.day()

    failed = [v for e in bank.harness.events(ServingApplied) for v in e.payload.versions]
    assert any(v.version == 2 and v.state == "failed" and why in v.reason for v in failed)
    assert bank.actions == ["promoted v1", "started v2", "aborted v2", "resumed v1"]
    assert all(v.weight == 0 for s in bank.steps for v in s.in_play if v.version == 2)
    assert {row["decided_by"] for row in bank.rows} == {1}
    ((_, promotion), (_, undo)) = bank.repository.log[1:]
    assert (promotion.subject, undo.subject) == (
        "promote(fraud): v1 -> v2",
        "rollback(fraud): v2 -> v1",
    )
    assert why in undo.message
    assert bank.steps[-1].quarantined == (candidate(2).artefact.digest,)  # type: ignore[union-attr]  # it has one


@pytest.mark.parametrize("then", [raising, nan])
def test_a_version_that_stops_answering_in_the_shadow_is_taken_back_by_its_first_window(
    bank: Bank, then: Callable[[Columns], Sequence[float]]
) -> None:
    bank.accepts(1)
    bank.store.formulas["runs:/r2/bundle"] = after(1, then)
    bank.accepts(2)
    bank.day()

    assert bank.actions[-3:] == ["started v2", "aborted v2", "resumed v1"]
    (check,) = [c for c in bank.steps[-2].evidence if c.check == "serving_failed"]
    assert (check.verdict, check.value, check.n) == ("fail", 1.0, ROWS)
    assert {row["decided_by"] for row in bank.rows} == {1}


def test_a_version_that_breaks_once_it_decides_costs_no_payment_its_decision(bank: Bank) -> None:
    broken = False

    def moody(columns: Columns) -> Sequence[float]:
        return raising(columns) if broken else by_amount(columns)

    bank.accepts(1)
    bank.store.formulas["runs:/r2/bundle"] = moody
    bank.accepts(2)
    bank.day()
    assert bank.actions[-1] == "advanced v2"
    broken = True
    bank.day()

    assert bank.actions[-2:] == ["aborted v2", "resumed v1"]
    assert "went unanswered" in bank.steps[-2].reason
    assert len(bank.rows) == 2 * ROWS
    assert {row["decision"] for row in bank.rows} <= {"pass", "alert"}
    assert {row["decided_by"] for row in bank.rows} == {1}
