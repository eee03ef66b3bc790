"""`evermodel doctor`: one look at each thing evermodel needs, and what to do about it."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.text import Text

from evermodel.cli.errors import CommandError
from evermodel.cli.state import addresses
from evermodel.common.events.access import OPERATOR
from evermodel.common.messaging.kafka_admin import check_topics
from evermodel.common.messaging.ports import BrokerUnavailable
from evermodel.common.models.file import BadModelFile, read_models
from evermodel.embedded import lock, mlflow_server, repository
from evermodel.embedded.addresses_file import Addresses
from evermodel.embedded.security import connection

Verdict = Literal["well", "wrong", "unknown"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    what: str
    verdict: Verdict
    detail: str
    remedy: str = ""

    def as_json(self) -> dict[str, str]:
        """Return it for machines."""
        return asdict(self)


def examine(state: Path) -> list[Finding]:
    """Look at everything; nothing found wrong keeps the rest from being looked at."""
    now = lock.holder(state)
    runs = f"process {now.pid or 'unknown'} holds {state}" if now else f"nothing runs in {state}"
    findings = [Finding("supervisor", "well" if now else "unknown", runs), _git_program()]
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
        said = Text.assemble(verdict, f"{finding.what}: {finding.detail}")
        console.print(said, soft_wrap=True)
        if finding.remedy and finding.verdict == "wrong":
            console.print(Text(f"        → {finding.remedy}"), soft_wrap=True)


def _git_program() -> Finding:
    found = shutil.which("git")
    verdict: Verdict = "well" if found else "wrong"
    return Finding("git", verdict, found or "not on the PATH", "install Git")


def _broker(known: Addresses) -> Iterator[Finding]:
    try:
        problems = check_topics(connection(known, OPERATOR))
    except BrokerUnavailable as error:
        remedy = "start it ('evermodel up'), or correct KAFKA_BOOTSTRAP_SERVERS and KAFKA_SASL_*"
        yield Finding("broker", "wrong", f"{known.bootstrap}: {error}", remedy)
        return
    yield Finding("broker", "well", f"answers at {known.bootstrap}")
    detail = "; ".join(problems[:3]) + (" …" if len(problems) > 3 else "")
    verdict: Verdict = "wrong" if problems else "well"
    yield Finding("topics", verdict, detail or "as the catalogue says", "evermodel topics create")


def _mlflow(known: Addresses) -> Iterator[Finding]:
    if not known.mlflow_uri:
        yield Finding("mlflow", "wrong", "no server is known", "set MLFLOW_TRACKING_URI")
    elif mlflow_server.is_healthy(known.mlflow_uri):
        yield Finding("mlflow", "well", f"answers at {known.mlflow_uri}")
    else:
        remedy = "start it, or correct MLFLOW_TRACKING_URI"
        yield Finding("mlflow", "wrong", f"{known.mlflow_uri} does not answer", remedy)


def _repository(known: Addresses) -> Iterator[Finding]:
    if known.repository and repository.answers(known.repository):
        yield Finding("config repository", "well", known.repository)
    else:
        detail = f"Git cannot read {known.repository or 'one: none is named'}"
        remedy = "set EVERMODEL_CONFIG_REPOSITORY to a path or URL that 'git ls-remote' can read"
        yield Finding("config repository", "wrong", detail, remedy)


def _lake(known: Addresses) -> Iterator[Finding]:
    if "://" in known.lake:
        yield Finding("lake", "unknown", f"{known.lake} is not looked at from here")
    elif known.lake and Path(known.lake).is_dir():
        yield Finding("lake", "well", known.lake)
    else:
        remedy = "make the folder, or correct EVERMODEL_LAKE"
        yield Finding("lake", "wrong", f"{known.lake or 'none'} is no folder", remedy)


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
    _mlflow,
    _repository,
    _lake,
    _models,
)
