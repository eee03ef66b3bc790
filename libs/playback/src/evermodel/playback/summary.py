"""What came of a run, in the form of ``summary.json`` that scripts build on.

Owns that form: keys are added, never changed. Computed from the journal alone, beside the
counts of what went in and what was found again.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import orjson

from evermodel.common.events.codec import format_time
from evermodel.common.events.drift import DriftDetected
from evermodel.common.events.envelope import Event
from evermodel.common.events.payload import Payload
from evermodel.common.events.rollout import RolloutStep
from evermodel.common.events.training import ModelTrained
from evermodel.common.events.validation import ModelValidated
from evermodel.common.events.windows import TransactionsWindowed
from evermodel.common.kernel.errors import about_file
from evermodel.playback import ledger
from evermodel.playback.givenup import GivenUp
from evermodel.playback.journal import Journal

P = TypeVar("P", bound=Payload)
_ENDINGS = {"promoted", "aborted", "rolled_back", "completed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Transactions in and found again: `distinct` ids among `stored` rows of the lake.

    `uncounted`, `overcounted`: rows of the lake that the counters of their window leave out, and
    that they count too often.
    """

    published: int
    stored: int
    distinct: int
    uncounted: int = 0
    overcounted: int = 0
    given_up: GivenUp = field(default_factory=GivenUp)

    @property
    def lost(self) -> int:
        """Transactions that are in no dead letter and not in the lake, or there in no window."""
        return max(0, self.published - self.distinct - self.given_up.payments) + self.uncounted

    @property
    def duplicated(self) -> int:
        """Transactions that are in the lake more than once, or in the counters."""
        return self.stored - self.distinct + self.overcounted


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What the journal does not say: span, counts, the systems of record at the end, seconds.

    `desired_version`: what the file in Git says, asked of Git and not of the events.
    """

    model: str
    start: datetime
    until: datetime
    tally: Tally
    git_head: str | None = None
    desired_version: int | None = None
    registry_champion: int | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Summary:
    """The content of ``summary.json``."""

    content: Mapping[str, Any]

    def write(self, path: Path) -> None:
        """Write it as indented JSON."""
        with about_file(path):
            path.write_bytes(self.as_json() + b"\n")

    def as_json(self) -> bytes:
        """Return it as indented JSON."""
        return orjson.dumps(self.content, option=orjson.OPT_INDENT_2)


def summarise(journal: Journal, scene: Scene) -> Summary:
    """Return the summary of one model's run."""
    mine = journal.of(scene.model)
    tally = scene.tally
    rollouts = list(_rollouts(mine))
    last = next((e.payload for e in reversed(list(_of(mine, RolloutStep)))), None)
    content = {
        "model": scene.model,
        "from": format_time(scene.start),
        "until": format_time(scene.until),
        "transactions": tally.published,
        "windows": sum(1 for _ in _of(mine, TransactionsWindowed)),
        "alarms": [_alarm(e) for e in _of(mine, DriftDetected)],
        "trainings": list(_trainings(mine)),
        "validations": [_validation(e) for e in _of(mine, ModelValidated)],
        "rollouts": rollouts,
        "champions": list(_champions(mine)),
        "git": {
            "head": scene.git_head,
            "desired_version": scene.desired_version,
            "stable_version": last and last.stable_version,
        },
        "registry": {"champion": scene.registry_champion},
        "lost": tally.lost,
        "duplicated": tally.duplicated,
        "dead_letters": tally.given_up.letters,
        "ledger_sha256": ledger.digest(mine),
        "seconds": dict(scene.seconds),
    }
    return Summary(content)


def _of(journal: Journal, kind: type[P]) -> Iterator[Event[P]]:
    for event in journal.events:
        if isinstance(event.payload, kind):
            yield Event(event.payload, event.meta)


def _alarm(event: Event[DriftDetected]) -> dict[str, Any]:
    verdict = event.payload
    return _named(event) | {
        "cause": verdict.cause,
        "severity": verdict.severity,
        "features": list(verdict.features)
        or sorted({f.column for f in verdict.failures if f.column is not None}),
    }


def _trainings(journal: Journal) -> Iterator[dict[str, Any]]:
    versions = {e.payload.trained_by: e.payload.version for e in _of(journal, ModelValidated)}
    for event in _of(journal, ModelTrained):
        trained = event.payload
        yield _named(event) | {
            "caused_by": trained.caused_by,
            "version": versions.get(event.meta.id),
            "outcome": trained.outcome,
            "reason": trained.reason,
            "rows": trained.rows,
            "train_from": trained.data and format_time(trained.data.start),
            "train_until": trained.data and format_time(trained.data.end),
        }


def _validation(event: Event[ModelValidated]) -> dict[str, Any]:
    return _named(event) | {
        "version": event.payload.version,
        "verdict": event.payload.verdict,
        "reasons": list(event.payload.reasons),
    }


def _rollouts(journal: Journal) -> Iterator[dict[str, Any]]:
    for steps in _attempts(_of(journal, RolloutStep)):
        first, last = steps[0], steps[-1]
        ended = next((s for s in steps if s.payload.action in _ENDINGS), None)
        undone = next((s for s in steps if s.payload.action == "rolled_back"), None)
        final = undone or ended
        outcome = final.payload.action if final else "running"
        if final is None and last.payload.action == "held":
            outcome = "held"
        yield {
            "lifecycle_id": first.meta.lifecycle_id,
            "version": first.payload.version,
            "from_version": first.payload.from_version,
            "started": format_time(first.meta.time),
            "ended": final and format_time(final.meta.time),
            "outcome": "promoted" if outcome == "completed" else outcome,
            "reason": (final or last).payload.reason,
        }


def _attempts(steps: Iterable[Event[RolloutStep]]) -> list[list[Event[RolloutStep]]]:
    """Return the steps of each rollout. A version that only waited or was declined had none."""
    found: list[list[Event[RolloutStep]]] = []
    latest: dict[int, list[Event[RolloutStep]]] = {}
    for step in steps:
        version, action = step.payload.version, step.payload.action
        begins = action == "started" or (action == "promoted" and version not in latest)
        if begins:
            latest[version] = [step]
            found.append(latest[version])
        elif version in latest:
            latest[version].append(step)
    return found


def _champions(journal: Journal) -> Iterator[dict[str, Any]]:
    serving = None
    for event in _of(journal, RolloutStep):
        champion = next((v.version for v in event.payload.in_play if v.role == "champion"), None)
        if champion is not None and champion != serving:
            serving = champion
            yield {"version": champion, "from": format_time(event.meta.time)}


def _named(event: Event[Any]) -> dict[str, Any]:
    return {"event_id": event.meta.id, "time": format_time(event.meta.time)}
