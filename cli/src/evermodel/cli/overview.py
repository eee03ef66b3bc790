"""What the topics say about every model: what serves, what happened, what lies undone."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from evermodel.cli.lateness import Late, late
from evermodel.cli.reading import Read, events, read
from evermodel.cli.unserved import Unserved, unserved
from evermodel.common.events.catalogue import CATALOGUE
from evermodel.common.events.codec import format_time
from evermodel.common.events.drift import DriftDetected
from evermodel.common.events.envelope import Event
from evermodel.common.events.payload import Payload
from evermodel.common.events.rollout import RolloutStep
from evermodel.common.events.training import ModelTrained
from evermodel.common.events.validation import ModelValidated
from evermodel.common.kernel.visible import visible
from evermodel.common.messaging.kafka_groups import KafkaGroups
from evermodel.common.messaging.records import TopicPartition
from evermodel.common.settings.kafka import KafkaSettings
from evermodel.embedded import lock
from evermodel.embedded.notes import Note, read_notes
from evermodel.embedded.process import recorded

#: Columns of a table that no terminal bounds.
_UNFOLDED = 1000


@dataclass(slots=True)
class Standing:
    """One model, as its latest events tell."""

    model: str
    stable_version: int | None = None
    desired_version: int | None = None
    action: str | None = None
    version: int | None = None
    step: int | None = None
    weights: dict[str, int] = field(default_factory=dict)
    reason: str | None = None
    time: str | None = None
    last_alarm: str | None = None
    last_training: str | None = None
    events: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything `evermodel status` tells. Its JSON is a public form: add, never change."""

    models: Sequence[Standing]
    dead_letters: Mapping[str, int]
    lag: Mapping[str, Mapping[str, int]]
    processes: Mapping[str, int]
    supervised: Sequence[Note] = ()
    unserved: Sequence[Unserved] = ()
    late: Sequence[Late] = ()

    def as_json(self) -> dict[str, object]:
        """Return it for machines."""
        return {
            "models": [asdict(standing) for standing in self.models],
            "dead_letters": dict(self.dead_letters),
            "lag": {group: dict(topics) for group, topics in self.lag.items()},
            "processes": dict(self.processes),
            "supervised": [asdict(note) for note in self.supervised],
            "unserved": [asdict(one) for one in self.unserved],
            "late": [asdict(one) for one in self.late],
        }


def overview(settings: KafkaSettings, state: Path) -> Overview:
    """Read the topics of the broker at `settings`, and the processes of `state`.

    Raises:
        BrokerUnavailable: it does not answer, or topics are missing.
    """
    told = [topic for topic in CATALOGUE if topic.plane in {"lifecycle", "dead letter"}]
    found = read(settings, told)
    groups = KafkaGroups(settings)
    letters = _letters(groups, found)
    lived = [each for each in found if each.record.topic not in letters]
    return Overview(
        models=standings(lived),
        unserved=unserved(lived),
        late=late(lived),
        dead_letters=letters,
        lag=_lag(groups, found),
        processes={record.name: record.pid for record in recorded(state / "processes")},
        supervised=supervised(state),
    )


def supervised(state: Path) -> tuple[Note, ...]:
    """Return how each process stands that the supervisor of `state` keeps running, if one does.

    What a killed one left says nothing about now.
    """
    return tuple(read_notes(state / "processes")) if lock.holder(state) else ()


def standings(found: Sequence[Read]) -> list[Standing]:
    """Return how each model stands after all of `found`."""
    models: dict[str, Standing] = {}
    trained: dict[str, Event[Payload]] = {}  # the last; verdicts are told after all of them
    for event in events(found):
        payload = event.payload
        standing = models.setdefault(payload.model, Standing(payload.model))
        kind = payload.TYPE.removeprefix("evermodel.").removesuffix(".v1")
        standing.events[kind] = standing.events.get(kind, 0) + 1
        if isinstance(payload, RolloutStep):
            _follow(standing, payload, format_time(event.meta.time))
        if isinstance(payload, DriftDetected):
            when = format_time(event.meta.time)
            standing.last_alarm = f"{when} {payload.severity}, {payload.cause}"
        if isinstance(payload, ModelTrained):
            trained[payload.model] = event
            standing.last_training = _training(event, None)
        if isinstance(payload, ModelValidated):
            last = trained.get(payload.model)
            if last is not None and payload.trained_by == last.meta.id:
                standing.last_training = _training(last, payload)
    return sorted(models.values(), key=lambda standing: standing.model)


def shown(found: Overview, console: Console | None = None) -> None:
    """Print `found` for people; in a file or a pipe no line is folded."""
    console = console or Console()
    if not console.is_terminal:
        console.width = _UNFOLDED
    table = Table(box=None, header_style="bold")
    for title in ("model", "serves", "share", "last step", "why", "last alarm", "last training"):
        table.add_column(title)
    for s in found.models:
        share = " ".join(f"v{version}:{weight}%" for version, weight in s.weights.items())
        serves = f"v{s.stable_version}" if s.stable_version else "none yet"
        step = f"{s.action} v{s.version} {s.time}" if s.action else ""
        # As text: people write "[INC-12]" into their reasons, which as markup vanishes or fails.
        last = (s.reason or "", s.last_alarm or "", s.last_training or "")
        table.add_row(*map(Text, (s.model, serves, share, step, *map(visible, last))))
    console.print(table if found.models else "no model has an event yet")
    for one in found.unserved:
        console.print(Text(visible(f"CANNOT SERVE: {one}"), style="bold red"), soft_wrap=True)
    for rows in found.late:
        console.print(Text(visible(f"LATE ROWS: {rows}"), style="yellow"), soft_wrap=True)
    letters = {name: number for name, number in found.dead_letters.items() if number}
    for name, number in letters.items():
        service = name.removesuffix(".dead-letter")
        console.print(f"{name}: {number}; 'evermodel redrive {service}' puts them back")
    behind = {g: sum(topics.values()) for g, topics in found.lag.items() if sum(topics.values())}
    console.print(f"behind: {behind}" if behind else "nobody is behind", highlight=False)
    for line in _process_lines(found):
        console.print(Text(visible(line)), soft_wrap=True)


def _process_lines(found: Overview) -> Iterator[str]:
    """Yield who runs, and a line for each that should and does not."""
    down = [note for note in found.supervised if note.is_down]
    names = [_named(note) for note in found.supervised if not note.is_down]
    if names or found.processes:
        yield f"processes: {', '.join(names or found.processes)}"
    for note in down:
        yield f"down: {note.name} ({_died(note)}): it is started again; see {note.log}"


def _named(note: Note) -> str:
    if note.restarts:
        return f"{note.name} ({_died(note)})"
    return note.name if note.state == "running" else f"{note.name} (not started yet)"


def _died(note: Note) -> str:
    times = "1 restart" if note.restarts == 1 else f"{note.restarts} restarts"
    return f"{times}, ended last with {note.last_exit_code}"


def _training(event: Event[Payload], verdict: ModelValidated | None) -> str:
    """Return how far a training has come."""
    trained, time = event.payload, format_time(event.meta.time)
    if isinstance(trained, ModelTrained) and trained.outcome == "failed":
        return f"{time} failed: {trained.reason}"
    if verdict is None:
        return f"{time} trained"
    reasons = "; ".join(verdict.reasons)
    return f"{time} " + (
        f"accepted as v{verdict.version}"
        if verdict.verdict == "accepted"
        else f"rejected: {reasons}"
    )


def _follow(standing: Standing, step: RolloutStep, time: str) -> None:
    standing.stable_version = step.stable_version
    standing.desired_version = step.desired_version
    if step.only_tells_of_git:
        return  # the step that decided it says why
    standing.action, standing.version, standing.step = step.action, step.version, step.step
    standing.weights = {str(v.version): v.weight for v in step.in_play if v.weight}
    standing.reason, standing.time = step.reason, time


def _letters(groups: KafkaGroups, found: Sequence[Read]) -> dict[str, int]:
    """Return per dead-letter topic how many were not put back yet."""
    topics = [topic.name for topic in CATALOGUE if topic.plane == "dead letter"]
    back = groups.put_back(topics)
    waiting = dict.fromkeys(topics, 0)
    for record in (each.record for each in found):
        if record.topic in waiting:
            done = back.get(TopicPartition(record.topic, record.partition), 0)
            waiting[record.topic] += record.offset >= done
    return waiting


def _lag(groups: KafkaGroups, found: Sequence[Read]) -> dict[str, dict[str, int]]:
    """Return per group and topic the records not yet handled.

    Exact for the lifecycle topics, which were read. For the data plane by offsets, of which
    transaction markers take some: at most one per transaction too many.
    """
    readers: dict[str, list[str]] = {}
    for topic in CATALOGUE:
        if topic.plane in {"lifecycle", "data"}:
            for group in topic.consumers:
                readers.setdefault(group, []).append(topic.name)
    data = [topic.name for topic in CATALOGUE if topic.plane == "data"]
    ends = groups.ends(data)
    committed = groups.committed(readers)
    lag: dict[str, dict[str, int]] = {}
    for group, at in committed.items():
        if at:  # a reader that commits nothing (a table, the console) has no lag here
            counted = Counter(each.record.topic for each in found if _is_ahead(each, at))
            for place, end in ends.items():
                if place in at:
                    counted[place.topic] += max(end - at[place] - 1, 0)
            lag[group] = {topic: counted[topic] for topic in readers[group] if counted[topic]}
    return lag


def _is_ahead(each: Read, committed: Mapping[TopicPartition, int]) -> bool:
    record = each.record
    offset = committed.get(TopicPartition(record.topic, record.partition))
    return offset is not None and record.offset >= offset
