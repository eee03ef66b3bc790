"""Dead letters shown, and put back where they came from."""

from evermodel.cli.reading import read
from evermodel.common.events.catalogue import LIFECYCLE_COMMANDS, ROLLOUT_STEP, Topic
from evermodel.common.kernel.errors import Poison
from evermodel.common.messaging.deadletter import DeadLetter, decode_dead_letter
from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.messaging.kafka_groups import KafkaGroups
from evermodel.common.messaging.ports import Broker
from evermodel.common.messaging.records import TopicPartition
from evermodel.common.messaging.redrive import Redriven, redrive
from evermodel.common.settings.kafka import KafkaSettings

#: Topics of orders: nobody gives one a second time but the person who means it.
ORDERS = frozenset({LIFECYCLE_COMMANDS.name})
#: Each step tells all that serves: behind a newer one an old one would be what serves again.
STANDINGS = frozenset({ROLLOUT_STEP.name})


def put_back(settings: KafkaSettings, service: str) -> Redriven:
    """Put every dead letter of `service` back that was not before; say how many."""
    broker = KafkaBroker(settings, quiet=True)
    try:
        return redriven(broker, service)
    finally:
        broker.close()


def redriven(broker: Broker, service: str) -> Redriven:
    """Put back what may be put back.

    A person's order is not given a second time: what it was about may be another thing by now. Nor
    is a rollout's step of which there is a newer one.
    """
    return redrive(broker, service, leave=ORDERS, newest=STANDINGS)


def waiting(settings: KafkaSettings, topic: Topic) -> list[str]:
    """Return a line for each record of the dead-letter topic that was not put back yet."""
    back = KafkaGroups(settings).put_back([topic.name])
    return [
        _line(record.value)
        for record in (each.record for each in read(settings, [topic]))
        if record.offset >= back.get(TopicPartition(record.topic, record.partition), 0)
    ]


def _line(value: bytes | None) -> str:
    try:
        letter: DeadLetter = decode_dead_letter(value)
    except Poison as error:
        return f"unreadable: {error}"
    origin = f"{letter.topic}[{letter.partition}]@{letter.offset}"
    cut = f" (too large to copy: {', '.join(letter.cut)})" if letter.cut else ""
    order = " (an order: it is passed over)" if letter.topic in ORDERS else ""
    told = f"{letter.reason}: {letter.message}{cut}{order}"
    return f"{letter.time:%Y-%m-%d %H:%M:%S}  {origin}  {told}"
