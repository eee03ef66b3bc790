"""A transaction of which Kafka refused a part while more was put in: undone, not the end."""

import os
import time

import pytest

from evermodel.common.events.catalogue import LIFECYCLE_COMMANDS
from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.messaging.ports import TransactionAborted
from evermodel.common.messaging.reading import partitions_of, read_whole
from evermodel.common.messaging.records import Outgoing

TOPIC = LIFECYCLE_COMMANDS.name
#: More than the topic takes, less than the client does, and not to be squeezed.
REFUSED = os.urandom(3_000_000)


@pytest.mark.guarantee(
    "outside",
    fault="Kafka refuses a record while more are put into its transaction",
    promise="the transaction is undone and worked on again; the process lives",
    seen="warning 'transaction undone, reading again from the last commit: …'",
)
def test_what_is_put_into_a_transaction_that_has_failed_undoes_it(broker: KafkaBroker) -> None:
    producer = broker.producer(transactional_id="failed-meanwhile")
    producer.begin()
    producer.send(Outgoing(topic=TOPIC, key=b"failed", value=REFUSED))
    until = time.monotonic() + 30.0
    with pytest.raises(TransactionAborted):
        while time.monotonic() < until:  # until the broker has said no
            producer.send(Outgoing(topic=TOPIC, key=b"failed", value=b"more"))
            time.sleep(0.01)
    producer.abort()  # as the loop does: there is nothing left to abort
    producer.begin()
    producer.send(Outgoing(topic=TOPIC, key=b"failed", value=b"again"))
    producer.commit({}, consumer=None)
    producer.close()
    found = read_whole(broker, partitions_of(broker, [TOPIC]))
    assert [r.value for r in found if r.key == b"failed"] == [b"again"]
