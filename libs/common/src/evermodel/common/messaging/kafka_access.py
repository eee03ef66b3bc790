"""Tells a Kafka cluster who may do what: SCRAM users and ACLs, from ``events/access.py``.

Must be called as an administrator of the cluster. Only ever adds: what else a cluster allows is
its owner's to decide.
"""

from collections.abc import Iterable, Mapping
from concurrent.futures import Future

from confluent_kafka import KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # public; the stub forgets them
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialAlteration,
    UserScramCredentialUpsertion,
)

from evermodel.common.events.access import Grant, grants
from evermodel.common.messaging.kafka_errors import translate
from evermodel.common.settings.kafka import KafkaSettings

#: The mechanism the users are made for.
MECHANISM = "SCRAM-SHA-512"
_ITERATIONS = 4096
_REQUEST_SECONDS = 30.0
_RESOURCES = {
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "transactional id": ResourceType.TRANSACTIONAL_ID,
}
_OPERATIONS = {
    "read": AclOperation.READ,
    "write": AclOperation.WRITE,
    "describe": AclOperation.DESCRIBE,
    "describe settings": AclOperation.DESCRIBE_CONFIGS,
}


def make_users(settings: KafkaSettings, passwords: Mapping[str, str]) -> None:
    """Let each of `passwords` log in by SCRAM-SHA-512, in place of an earlier password.

    Raises:
        BrokerUnavailable: the broker does not answer or refuses.
    """
    scram = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, _ITERATIONS)
    users: list[UserScramCredentialAlteration] = [
        UserScramCredentialUpsertion(name, scram, password.encode())
        for name, password in passwords.items()
    ]
    admin = _admin(settings)
    _settle(admin.alter_user_scram_credentials(users, request_timeout=_REQUEST_SECONDS).values())


def grant_access(settings: KafkaSettings, principals: Iterable[str]) -> None:
    """Give each of `principals` the rights the catalogue gives it.

    Raises:
        BrokerUnavailable: the broker does not answer or refuses.
    """
    bindings = [_binding(who, grant) for who in principals for grant in sorted(grants(who))]
    admin = _admin(settings)
    _settle(admin.create_acls(bindings, request_timeout=_REQUEST_SECONDS).values())


def _admin(settings: KafkaSettings) -> AdminClient:
    return AdminClient({**settings.client(), "log_level": 0})


def _settle(futures: Iterable["Future[None]"]) -> None:
    try:
        for future in futures:
            future.result()
    except KafkaException as error:
        raise translate(error) from error


def _binding(principal: str, grant: Grant) -> AclBinding:
    kind = ResourcePatternType.PREFIXED if grant.is_prefix else ResourcePatternType.LITERAL
    return AclBinding(
        _RESOURCES[grant.resource],
        grant.name,
        kind,
        f"User:{principal}",
        "*",
        _OPERATIONS[grant.operation],
        AclPermissionType.ALLOW,
    )
