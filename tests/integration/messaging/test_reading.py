"""A broker that dies while a topic is read holds nobody for ever."""

from itertools import count
from pathlib import Path
from random import Random

import psutil
import pytest

from evermodel.common.messaging.ports import BrokerUnavailable
from evermodel.common.messaging.reading import PATIENCE_SECONDS, partitions_of, read_rest
from evermodel.common.messaging.records import Outgoing
from evermodel.embedded.broker import kafka
from evermodel.embedded.process import recorded
from evermodel.embedded.testing import connected

TOPIC = "labels"
#: More than a client may hold (`queued.max.messages.kbytes`: 16 MiB, and what is on its way).
RECORDS, BYTES = 80, 500_000


def test_a_broker_that_dies_mid_read_is_unavailable(tmp_path: Path) -> None:
    polls = count(0.0, PATIENCE_SECONDS / 20)  # each takes a twentieth of the patience
    with kafka(tmp_path) as bootstrap, connected(bootstrap) as broker:
        random = Random(7)  # zeros would shrink to one small fetch
        values = [random.randbytes(BYTES) for _ in range(RECORDS)]
        broker.publish(Outgoing(topic=TOPIC, key=b"k", value=v, partition=0) for v in values)
        reader = broker.reader(partitions_of(broker, [TOPIC]))
        # One alone: a whole chunk may be all, where reading is fast.
        while not (found := reader.poll(limit=1, timeout_seconds=1.0)):
            pass
        assert found[0].value == values[0]
        (running,) = recorded(tmp_path / "processes")
        psutil.Process(running.pid).kill()
        with pytest.raises(BrokerUnavailable, match="went nowhere"):
            for _ in read_rest(reader, monotonic=lambda: next(polls)):
                pass
        reader.close()
