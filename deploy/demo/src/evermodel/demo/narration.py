"""The story in words a person understands, one line for each thing worth knowing."""

from collections.abc import Iterator, Sequence

from evermodel.common.events.drift import DriftDetected
from evermodel.common.events.envelope import Event
from evermodel.common.events.payload import Payload
from evermodel.common.events.rollout import RolloutStep
from evermodel.common.events.training import ModelTrained
from evermodel.common.events.validation import ModelValidated
from evermodel.common.messaging.records import Record
from evermodel.playback.journal import journal_of


def lines(records: Sequence[Record]) -> Iterator[str]:
    """Yield what `records` tell, in order of event time."""
    for event in journal_of(records).events:
        said = _sentence(event)
        if said:
            yield f"{event.meta.time:%Y-%m-%d}  {said}"


def _sentence(event: Event[Payload]) -> str | None:
    match event.payload:
        case DriftDetected() as drift:
            return _drift(drift)
        case ModelTrained() as trained:
            return _training(trained)
        case ModelValidated() as judged:
            head = f"ACCEPTED  version {judged.version}:" if judged.version else "REJECTED "
            return f"{head} {'; '.join(judged.reasons)}"
        case RolloutStep() as step:
            return _step(step)
        case _:
            return None


def _drift(drift: DriftDetected) -> str:
    if drift.severity == "cleared":
        return f"CLEARED   {drift.reason}"
    head = "BROKEN DATA" if drift.cause == "quality" else "ALARM    "
    what = "" if drift.severity == "retrain" else " (watching, no retrain)"
    return f"{head} {drift.reason}{what}"


def _training(trained: ModelTrained) -> str:
    if trained.outcome == "failed":
        return f"TRAINING FAILED  {trained.reason}"
    return f"TRAINED   on {trained.rows:,} payments, {trained.frauds:,} of them frauds"


def _step(step: RolloutStep) -> str:
    shares = ", ".join(f"v{v.version} {v.weight} %" for v in step.in_play if v.weight)
    short = (step.commit or "")[:8]
    commit = f", commit {short}" if short else ""
    heads = {
        "started": "SHADOW   ",
        "advanced": "STEP     ",
        "promoted": "PROMOTED ",
        "completed": "COMPLETE ",
        "aborted": "ABORTED  ",
        "rolled_back": "TAKEN BACK",
        "held": "HELD     ",
        "resumed": "RESUMED  ",
        "queued": "QUEUED   ",
        "declined": "DECLINED ",
    }
    if step.only_tells_of_git:
        return f"IN GIT    commit {short}: {step.reason}"
    return f"{heads[step.action]} version {step.version}: {shares}{commit}: {step.reason}"
