"""`evermodel doctor`: one look at each thing evermodel needs, and what to do about it."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console
from rich.text import Text

from evermodel.cli.errors import CommandError
from evermodel.cli.lateness import late
from evermodel.cli.overview import supervised
from evermodel.cli.reading import read
from evermodel.cli.state import addresses
from evermodel.cli.unserved import Unserved, unserved
from evermodel.common.events.access import OPERATOR
from evermodel.common.events.catalogue import ROLLOUT_STEP, SERVING_APPLIED, TRANSACTIONS_WINDOWED
from evermodel.common.kernel.visible import visible
from evermodel.common.messaging.ports import BrokerUnavailable
from evermodel.common.models.file import BadModelFile, read_models
from evermodel.common.settings.kafka import KafkaSettings
from evermodel.embedded import lock
from evermodel.embedded.addresses_file import Addresses
from evermodel.embedded.findings import (
    Finding,
    Verdict,
    broker_at,
    lake_at,
    mlflow_at,
    partitions_at,
    repository_at,
    topics_at,
)
from evermodel.embedded.security import connection
from evermodel.embedded.settings import ask_this_machine_directly

#: With less than this the next segment of a topic may find no room, and the broker ends.
_ROOM_BYTES = 64 << 20
#: How a version tells of a feature that it takes and `model.toml` does not name (any more).
_UNDESCRIBED = re.compile(r"(?<=^BadColumns: )column '.+'(?= is missing$)")


def examine(state: Path) -> list[Finding]:
    """Look at everything; nothing found wrong keeps the rest from being looked at."""
    ask_this_machine_directly()
    now = lock.holder(state)
    runs = f"process {now.pid or 'unknown'} holds {state}" if now else f"nothing runs in {state}"
    findings = [Finding("supervisor", "well" if now else "unknown", runs), *_processes(state)]
    findings += [_git_program(), *room_at(state)]
    try:
        known = addresses(state)
    except CommandError as error:
        return [*findings, Finding("broker", "wrong", str(error), "evermodel up")]
    return [*findings, *(finding for look in _LOOKS for finding in look(known))]


def shown(findings: list[Finding], console: Console | None = None) -> None:
    """Print `findings` for people."""
    console = console or Console()
    colours = {"well": "green", "wrong": "red", "unknown": "yellow"}
    for finding in findings:
        # As text, not markup: a path or another system's error may hold square brackets.
        verdict = (f"{finding.verdict:8}", colours[finding.verdict])
        said = Text.assemble(verdict, visible(f"{finding.what}: {finding.detail}"))
        console.print(said, soft_wrap=True)
        if finding.remedy and finding.verdict == "wrong":
            console.print(Text(visible(f"        → {finding.remedy}")), soft_wrap=True)


def _processes(state: Path) -> Iterator[Finding]:
    """Look for processes that should run and do not; a supervisor that is gone keeps none."""
    for note in supervised(state):
        if note.is_down:
            detail = f"{note.name} is down; it ended with {note.last_exit_code}"
            remedy = f"read {note.log}: it is started again by itself"
            yield Finding("processes", "wrong", detail, remedy)


def _git_program() -> Finding:
    found = shutil.which("git")
    verdict: Verdict = "well" if found else "wrong"
    return Finding("git", verdict, found or "not on the PATH", "install Git")


def room_at(state: Path) -> Iterator[Finding]:
    """Look whether what runs in `state` has room: without any the logs cannot say so themselves."""
    if state.is_dir():
        left = shutil.disk_usage(state).free
        detail = f"{left >> 20:,} MB are left for {state}"
        remedy = (
            "make room, or move the folder: what ended for want of it is started again by itself"
        )
        yield Finding("disk", "well" if left >= _ROOM_BYTES else "wrong", detail, remedy)


def _broker(known: Addresses) -> Iterator[Finding]:
    settings = connection(known, OPERATOR)
    found = broker_at(settings)
    yield found
    if found.verdict == "well":
        yield topics_at(settings)
        yield partitions_at(settings)
        yield from serving_at(settings)
        yield from lateness_at(settings)


def serving_at(settings: KafkaSettings) -> Iterator[Finding]:
    """Look whether each scorer serves what the last rollout step says."""
    try:
        found = unserved(read(settings, [ROLLOUT_STEP, SERVING_APPLIED]))
    except BrokerUnavailable as error:
        yield Finding("serving", "unknown", f"the rollout's topics cannot be read: {error}")
        return
    for one in found:
        yield Finding("serving", "wrong", str(one), _remedy(one))
    if not found:
        yield Finding("serving", "well", "every scorer that answered serves what its step says")


def lateness_at(settings: KafkaSettings) -> Iterator[Finding]:
    """Look whether many rows come too late for their windows."""
    try:
        found = late(read(settings, [TRANSACTIONS_WINDOWED]))
    except BrokerUnavailable as error:
        yield Finding("late rows", "unknown", f"the windows cannot be read: {error}")
        return
    for one in found:
        remedy = "partitions may be out of step (is one of transactions far behind? see 'evermodel "
        remedy += "status'), or payments come later than windows.lateness in model.toml allows"
        yield Finding("late rows", "wrong", str(one), remedy)
    if not found:
        yield Finding("late rows", "well", "few or none")


def _remedy(one: Unserved) -> str:
    if undescribed := _UNDESCRIBED.search(one.reason):
        # A scorer reads model.toml when it starts; to fetch the bundle again would change nothing.
        remedy = f"describe {undescribed[0]} in model.toml again, as it was, and start "
        remedy += "evermodel again: that version was trained with it. Is it to stay away: train "
        return remedy + f"another, 'evermodel retrain {one.model} --why …'"
    remedy = f"put the bundle {one.uri} ({one.digest}) back into MLflow's artefact store: the "
    remedy += "scorer tries again by itself, a minute apart at most; see the log of scorer "
    remedy += f"{one.replica}. Is it lost: train another, 'evermodel retrain {one.model} --why …'"
    return remedy


def _parts(known: Addresses) -> Iterator[Finding]:
    yield mlflow_at(known.mlflow_uri)
    yield repository_at(known.repository)
    yield lake_at(known.lake)


def _models(known: Addresses) -> Iterator[Finding]:
    try:
        names = sorted(read_models(known.models))
    except BadModelFile as error:
        remedy = "correct the file; 'evermodel init --data FILE' writes a first one"
        yield Finding("models", "wrong", str(error), remedy)
    else:
        yield Finding("models", "well", ", ".join(names))


_LOOKS: tuple[Callable[[Addresses], Iterator[Finding]], ...] = (
    _broker,
    _parts,
    _models,
)
