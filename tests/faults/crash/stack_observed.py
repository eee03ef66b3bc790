"""What a run of the real stack left behind, read from Kafka, MLflow, Git and the lake themselves.

Owns the reading; ``observed`` is the form. Must never ask a service, nor use its code to ask.
"""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from mlflow import MlflowClient

from evermodel.common.events.catalogue import (
    DEAD_LETTERS,
    DEPLOYER_STATE,
    TRAINER_STATE,
    TRANSACTIONS_PARTIALS,
)
from evermodel.common.messaging.deadletter import decode_dead_letter
from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.messaging.reading import partitions_of, read_whole
from evermodel.playback.feed import Feed
from evermodel.playback.journal import journal_of
from evermodel.playback.scored import read_scored
from evermodel.playback.source import Table
from tests.faults.crash.bed import Came
from tests.faults.observed import Answer, Commit, Observed, Row, Run, Version

_SUBJECT = re.compile(r"(promote|rollback)\((.+)\): (none|v\d+) -> v(\d+)")
_WANTED = re.compile(r"^\s*version: (\d+)$", re.MULTILINE)


def observed(came: Came, tables: Sequence[Table]) -> Observed:
    """Return all of it."""
    client = MlflowClient(tracking_uri=came.mlflow, registry_uri=came.mlflow)
    models = [table.model.name for table in tables]
    with closing(KafkaBroker(came.kafka)) as broker:
        trainer, deployer = (
            _state(broker, topic.name) for topic in (TRAINER_STATE, DEPLOYER_STATE)
        )
        letters = read_whole(broker, partitions_of(broker, [t.name for t in DEAD_LETTERS]))
    partials = [r for r in came.played.records if r.topic == TRANSACTIONS_PARTIALS.name]
    return Observed(
        journal=journal_of(came.played.records),
        published={table.model.name: _published(table) for table in tables},
        stored={name: _stored(Path(came.stack.lake), name) for name in models},
        dead_letters=[_told(letter.value) for letter in letters],
        answers=_answers(trainer),
        runs=[run for name in models for run in _runs(client, name)],
        versions=[version for name in models for version in _versions(client, name)],
        champions={name: _champion(client, name) for name in models},
        commits=list(_commits(came.stack.repository)),
        desired={name: _desired(came.stack.repository, name) for name in models},
        owed={name: len(deployer.get(name, {}).get("owed", ())) for name in models},
        partials=[(dict(r.headers)["ce_id"] or b"").decode() for r in partials],
    )


def _published(table: Table) -> Mapping[str, datetime]:
    found = {}
    stream = table.model.stream
    for window in Feed(table).windows():
        for record in window.transactions:
            row = json.loads(record.value or b"")
            time = datetime.fromisoformat(row[stream.time])
            found[str(row[stream.id])] = time if time.tzinfo else time.replace(tzinfo=UTC)
    return found


def _stored(lake: Path, model: str) -> list[Row]:
    rows = read_scored(lake, model).select("id", "time", "decided_by").iter_rows()
    return [Row(*row) for row in rows]


def _told(letter: bytes | None) -> str:
    found = decode_dead_letter(letter)
    return f"{found.topic}[{found.partition}]@{found.offset}: {found.reason} {found.error}"


def _state(broker: KafkaBroker, topic: str) -> Mapping[str, dict[str, list[dict[str, str]]]]:
    found = {}
    for record in read_whole(broker, partitions_of(broker, [topic])):
        found[(record.key or b"").decode()] = json.loads(record.value) if record.value else {}
    return found


def _answers(state: Mapping[str, dict[str, list[dict[str, str]]]]) -> Mapping[str, Answer]:
    return {
        said["event"]: Answer(answer=said["answer"], reason=said["reason"])  # type: ignore[arg-type]
        for kept in state.values()
        for said in kept.get("answers", ())
    }


def _runs(client: MlflowClient, model: str) -> Iterator[Run]:
    experiment = client.get_experiment_by_name(model)
    if experiment is None:
        return
    for run in client.search_runs([experiment.experiment_id], max_results=1000):
        if run.info.status == "FINISHED":
            cause = run.data.tags["evermodel.caused_by"]
            yield Run(model=model, run_id=run.info.run_id, cause=cause)


def _versions(client: MlflowClient, model: str) -> Iterator[Version]:
    for found in client.search_model_versions(f"name = '{model}'"):
        yield Version(
            model=model,
            number=int(found.version),
            trained_by=found.tags["evermodel.trained_by"],
            run_id=found.run_id or "",
        )


def _champion(client: MlflowClient, model: str) -> int | None:
    version = client.get_registered_model(model).aliases.get("champion")
    return None if version is None else int(version)


def _commits(repository: str) -> Iterator[Commit]:
    told = _git(repository, "log", "--format=%H%n%B%x00", "main")
    for text in told.split("\0"):
        lines = text.strip().splitlines()
        said = _SUBJECT.fullmatch(lines[1]) if len(lines) > 1 else None
        if said is None:
            continue  # how the repository began
        causes = [
            line.partition(": ")[2] for line in lines if line.startswith("Lifecycle-Event-Id")
        ]
        yield Commit(
            model=said[2],
            id=lines[0],
            kind="promotion" if said[1] == "promote" else "rollback",
            to=int(said[4]),
            cause=causes[0],
        )


def _desired(repository: str, model: str) -> int | None:
    path = f"environments/production/{model}.yaml"
    if not _git(repository, "ls-tree", "main", "--", path):
        return None
    said = _WANTED.search(_git(repository, "show", f"main:{path}"))
    return int(said[1]) if said else None


def _git(repository: str, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", repository, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout
