"""One look at each part that may be a person's own: whether it answers, else what to do about it.

Owns the words, so that `evermodel doctor` and `evermodel up` say the same. Must never start or
change what is looked at.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from evermodel.common.kernel.errors import Misconfigured
from evermodel.common.kernel.redaction import redact
from evermodel.common.messaging.kafka_admin import require_answer
from evermodel.common.messaging.kafka_check import check_topics, unusable
from evermodel.common.messaging.ports import BrokerUnavailable
from evermodel.common.settings.kafka import KafkaSettings
from evermodel.embedded import mlflow_server, repository
from evermodel.embedded.errors import NotAvailable
from evermodel.embedded.settings import StackSettings

#: A cluster far away answers within one or two; Ctrl-C waits as long, and has ten.
_BROKER_SECONDS = 8.0
#: A server that was asleep wakes up first; one that is not there refuses at once.
_MLFLOW_SECONDS = 8.0

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


def broker_at(settings: KafkaSettings) -> Finding:
    """Look whether a broker answers; takes up to `_BROKER_SECONDS` where none does."""
    try:
        require_answer(settings, patience_seconds=_BROKER_SECONDS)
    except BrokerUnavailable as error:
        remedy = "start it, or correct KAFKA_BOOTSTRAP_SERVERS, KAFKA_SECURITY_PROTOCOL and "
        remedy += "KAFKA_SASL_*"
        detail = f"no Kafka broker answers at {settings.bootstrap_servers}: {error}"
        return Finding("broker", "wrong", detail, remedy)
    return Finding("broker", "well", f"answers at {settings.bootstrap_servers}")


def topics_at(settings: KafkaSettings) -> Finding:
    """Look how the cluster's topics differ from the catalogue.

    A broker that answers may still refuse to describe them.
    """
    try:
        problems = check_topics(settings)
    except BrokerUnavailable as error:
        remedy = "allow this user to describe the topics and their configuration, or correct "
        remedy += "KAFKA_SASL_*"
        return Finding("topics", "wrong", f"they cannot be looked at: {error}", remedy)
    if not problems:
        return Finding("topics", "well", "as the catalogue says")
    remedies = list(dict.fromkeys(problem.remedy for problem in problems))
    return Finding("topics", "wrong", _first(map(str, problems)), _first(remedies))


def partitions_at(settings: KafkaSettings) -> Finding:
    """Look whether every partition can be written: one broker may answer for others away."""
    remedy = "start the brokers that are away: nothing is lost, services wait for them"
    try:
        told = unusable(settings)
    except BrokerUnavailable as error:
        return Finding("partitions", "wrong", f"not all of them answer: {error}", remedy)
    if told:
        return Finding("partitions", "wrong", _first(told), remedy)
    return Finding("partitions", "well", "each has a leader, and replicas enough in step")


def _first(told: Iterable[str]) -> str:
    """Return the first three of what is `told` as one, and whether there is more."""
    told = list(told)
    return "; ".join(told[:3]) + (" …" if len(told) > 3 else "")


def mlflow_at(uri: str) -> Finding:
    """Look whether an MLflow server answers; takes some seconds where none does.

    MLflow's client reaches more than is reached from here: what is in doubt is not called wrong.
    """
    if not uri:
        return Finding("mlflow", "wrong", "no server is known", "set MLFLOW_TRACKING_URI")
    place = mlflow_server.without_password(uri)
    try:
        doubt = mlflow_server.doubt_about(uri, patience_seconds=_MLFLOW_SECONDS)
    except mlflow_server.Broken as error:
        remedy = "read its log: as a rule its database is away or broken"
        detail = f"the MLflow server at {place} answers no question: {error}"
        return Finding("mlflow", "wrong", detail, remedy)
    except NotAvailable as error:
        remedy = "start it, or correct MLFLOW_TRACKING_URI (http://HOST:PORT)"
        return Finding("mlflow", "wrong", f"no MLflow server answers at {place}: {error}", remedy)
    if doubt:
        return Finding("mlflow", "unknown", f"it is not known whether {place} answers: {doubt}")
    return Finding("mlflow", "well", f"answers at {place}")


def repository_at(place: str) -> Finding:
    """Look whether Git can read the config repository at `place` (a path or URL)."""
    remedy = (
        "set EVERMODEL_CONFIG_REPOSITORY to a path or URL that 'git ls-remote' can read without a "
        "configuration of anybody's: a token may stand in the URL"
    )
    if not place:
        return Finding("config repository", "wrong", "Git cannot read one: none is named", remedy)
    shown = redact(place)
    try:
        repository.require_readable(place)
    except NotAvailable as error:
        return Finding("config repository", "wrong", f"Git cannot read {shown}: {error}", remedy)
    return Finding("config repository", "well", shown)


def lake_at(place: str) -> Finding:
    """Look whether the lake's folder is there. As a path ``s3://x`` would be a folder ``s3:``."""
    if "://" in place:
        remedy = "name a folder by EVERMODEL_LAKE, which may be a mounted one"
        return Finding(
            "lake", "wrong", f"{place} is no folder, and nothing else is built in", remedy
        )
    if place and Path(place).is_dir():
        return Finding("lake", "well", place)
    remedy = "make the folder, or correct EVERMODEL_LAKE"
    return Finding("lake", "wrong", f"{place or 'none'} is no folder", remedy)


def require_own(own: StackSettings, kafka: KafkaSettings) -> None:
    """Return if each part that a person brings can be used; what answers at once comes first.

    Raises:
        Misconfigured: a path is none that can be used.
        NotAvailable: a server does not answer.
    """
    for finding in _own(own, kafka):
        if finding.verdict == "wrong":
            what = f"{finding.detail}: {finding.remedy}"
            raise Misconfigured(what) if _is_a_path(finding, own) else NotAvailable(what)


def _own(own: StackSettings, kafka: KafkaSettings) -> Iterator[Finding]:
    if own.evermodel_lake:
        yield lake_at(own.evermodel_lake)
    if own.evermodel_config_repository:
        yield repository_at(own.evermodel_config_repository)
    if own.mlflow_tracking_uri:
        yield mlflow_at(own.mlflow_tracking_uri)
    if own.kafka_bootstrap_servers:
        yield broker_at(kafka)


def _is_a_path(finding: Finding, own: StackSettings) -> bool:
    """Whether what is wrong lies on this machine: waiting for it would be in vain."""
    if finding.what == "config repository":
        return repository.is_local(own.evermodel_config_repository or "")
    return finding.what == "lake"
