"""The search for secrets bites: what is planted in an event is found, however it is packed."""

import pytest

from evermodel.common.events.catalogue import DETECTOR_STATE, LIFECYCLE_COMMANDS
from evermodel.common.messaging.records import Outgoing
from evermodel.common.testing.sample import START
from evermodel.drift.domain.standing import ModelState, OpenWindow
from evermodel.drift.handlers.detector_states import States
from evermodel.embedded.testing import connected
from tests.faults.security.whereabouts import found, read

COMMANDS, STATE = LIFECYCLE_COMMANDS.name, DETECTOR_STATE.name
SECRETS = {
    "key": "planted-1a",
    "value": "planted-2b",
    "header": "planted-3c",
    "state": "planted-4d",
}


def state(secret: str) -> bytes:
    """Return a detector's state that tells `secret`, as it lies in the topic."""
    window = OpenWindow(lake=tuple(f"{n}/{secret}.parquet" for n in range(50)))
    packed = States(["fraud"]).keep("fraud", ModelState(opened={START: window}))
    assert secret.encode() not in packed
    return packed


@pytest.fixture
def planted(own_kafka_bootstrap: str) -> str:
    """A broker with each secret in another part of a record."""
    told = {name: secret.encode() for name, secret in SECRETS.items()}
    with connected(own_kafka_bootstrap) as broker:
        broker.publish(
            [
                Outgoing(topic=COMMANDS, key=b"a " + told["key"], value=b"{}" * 500),
                Outgoing(topic=COMMANDS, key=b"b", value=b"so: " + told["value"]),
                Outgoing(topic=COMMANDS, key=b"c", value=None, headers=(("h", told["header"]),)),
                Outgoing(topic=STATE, key=b"fraud", value=state(SECRETS["state"])),
            ]
        )
    return own_kafka_bootstrap


def test_a_secret_is_found_in_any_part_of_an_event(planted: str) -> None:
    assert sorted(found(SECRETS, read(planted))) == [
        ("header", COMMANDS),
        ("key", COMMANDS),
        ("state", STATE),
        ("value", COMMANDS),
    ]
