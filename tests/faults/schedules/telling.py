"""One story told under one schedule, and what it left behind."""

import random
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import orjson
from pydantic import TypeAdapter

from evermodel.common.events.catalogue import (
    DEAD_LETTERS,
    DEPLOYER_STATE,
    LABELS,
    TRAINER_STATE,
    TRANSACTIONS_PARTIALS,
)
from evermodel.common.messaging.deadletter import decode_dead_letter
from evermodel.common.messaging.memory import MemoryBroker
from evermodel.common.messaging.records import Record
from evermodel.deployer.domain.changes import Change
from evermodel.playback.feed import watermarks
from evermodel.playback.journal import TOPICS, journal_of
from evermodel.playback.scored import read_scored
from evermodel.registrar.adapters.directory_registry import DirectoryRegistry
from evermodel.registrar.ports import Registered
from evermodel.trainer.handlers.state import loaded
from tests.faults.observed import Answer, Commit, Observed, Row, Run, Version
from tests.faults.schedules.assembly import SERVICES
from tests.faults.schedules.company import Company
from tests.faults.schedules.mischief import Fault, Mischief
from tests.faults.schedules.numbered_runs import NumberedRuns
from tests.faults.schedules.story import BANK, MODEL, Story, days_of, published


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What was seen from outside, what struck, and what the processes said of it.

    `again`: how many records were delivered again, by group.
    """

    observed: Observed
    mischief: Mischief
    stopped: Sequence[str]
    again: Mapping[str, int]


def tell(story: Story, faults: Sequence[Fault] = (), *, seed: int = 0) -> Told:
    """Tell `story` while `faults` strike; `seed` draws whose turn it is.

    Raises:
        TimeoutError: something did not come to rest.
    """
    mischief = Mischief(faults)
    with tempfile.TemporaryDirectory(prefix="evermodel-schedule-") as folder:
        company = Company(folder=Path(folder), mischief=mischief, order=random.Random(seed))
        for name in ("lake", "runs", "registry", "work"):
            (company.folder / name).mkdir()
        for service in SERVICES:
            company.start(service)
        try:
            _play(story, company)
            company.end()
        finally:
            company.close()
        return Told(
            observed=_observed(company, story),
            mischief=mischief,
            stopped=company.stopped,
            again=company.deliveries.again,
        )


def _play(story: Story, company: Company) -> None:
    for day in days_of(story):
        morning = len(day.records) // 3  # so that a window is open between two commits
        company.broker.publish(day.records[:morning])
        company.settle()
        company.broker.publish(day.records[morning:])
        for topic in (MODEL.stream.topic, LABELS.name):
            company.broker.publish(watermarks(topic, partitions=1, model=MODEL, time=day.end))
        company.settle()
        if day.orders:
            company.broker.publish(day.orders)
            company.settle()


def _observed(company: Company, story: Story) -> Observed:
    broker, registry = company.broker, DirectoryRegistry(company.folder / "registry")
    champion = registry.aliased(BANK, alias="champion")
    desired = company.repository.desired(BANK)
    state = _latest(broker, DEPLOYER_STATE.name)
    return Observed(
        journal=journal_of(r for topic in TOPICS for r in broker.records(topic.name)),
        published={BANK: published(story)},
        stored={BANK: _rows(company.folder / "lake")},
        dead_letters=[_said(r) for topic in DEAD_LETTERS for r in broker.records(topic.name)],
        answers=_answers(_latest(broker, TRAINER_STATE.name)),
        runs=[
            Run(model=model, run_id=run_id, cause=cause)
            for run_id, model, cause in NumberedRuns(company.folder / "runs").all()
        ],
        versions=[*_versions(company.folder / "registry")],
        champions={BANK: None if champion is None else champion.version},
        commits=[_commit(commit, change) for commit, change in company.repository.log],
        desired={BANK: None if desired is None else desired.version},
        owed={BANK: len(orjson.loads(state)["owed"]) if state else 0},
        partials=[_id(r) for r in broker.records(TRANSACTIONS_PARTIALS.name)],
    )


def _rows(lake: Path) -> list[Row]:
    frame = read_scored(lake, BANK)
    columns = (frame[name].to_list() for name in ("id", "time", "decided_by"))
    return [Row(*row) for row in zip(*columns, strict=True)]


def _latest(broker: MemoryBroker, topic: str) -> bytes | None:
    values = [r.value for r in broker.records(topic) if r.key == BANK.encode()]
    return values[-1] if values else None


def _answers(state: bytes | None) -> dict[str, Answer]:
    answers = () if state is None else loaded(state).answers
    return {a.event: Answer(answer=a.answer, reason=a.reason) for a in answers}


def _versions(root: Path) -> Iterator[Version]:
    path = root / f"{BANK}.json"
    kept = orjson.loads(path.read_bytes())["versions"] if path.exists() else []
    for made in TypeAdapter(tuple[Registered, ...]).validate_python(kept):
        yield Version(
            model=BANK,
            number=made.version,
            trained_by=made.candidate.trained_by,
            run_id=made.candidate.run_id,
        )


def _commit(commit: str, change: Change) -> Commit:
    kind: Literal["promotion", "rollback"] = "rollback" if change.rollback_of else "promotion"
    return Commit(model=BANK, id=commit, kind=kind, to=change.to.version, cause=change.cause)


def _said(record: Record) -> str:
    letter = decode_dead_letter(record.value)
    where = f"{letter.topic}/{letter.offset} by {letter.group}"
    return f"{where}: {letter.reason}, {letter.error}: {letter.message}"


def _id(record: Record) -> str:
    return (dict(record.headers)["ce_id"] or b"").decode()
