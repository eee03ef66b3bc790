"""Transactional producing on a real Kafka.

Owns every librdkafka setting of writing, each as measured.
"""

import logging
import time
from collections.abc import Mapping

import confluent_kafka as ck

from evermodel.common.events.catalogue import CATALOGUE
from evermodel.common.messaging.beside import Threads
from evermodel.common.messaging.faultpoints import FaultPoint, nowhere
from evermodel.common.messaging.kafka_consumer import REQUEST_SECONDS, KafkaConsumer
from evermodel.common.messaging.kafka_errors import fatal_of, translate
from evermodel.common.messaging.kafka_records import produce
from evermodel.common.messaging.ports import BrokerUnavailable, Consumer, TransactionAborted
from evermodel.common.messaging.records import Outgoing, TopicPartition

_LOG = logging.getLogger(__name__)

# send_offsets_to_transaction waits retry.backoff.ms between back-to-back transactions: 101 ms at
# the default of 100, 8 ms at 5. A short transaction timeout bounds how long the records of a
# service that never returns stall every read_committed reader.
PRODUCER = {
    "message.max.bytes": max(topic.max_message_bytes for topic in CATALOGUE),
    "enable.idempotence": True,
    "acks": "all",
    "linger.ms": 2,
    "retry.backoff.ms": 5,
    "partitioner": "murmur2_random",
    "compression.type": "lz4",
    "queue.buffering.max.kbytes": 65536,
}
TRANSACTIONAL = {"transaction.timeout.ms": 10000}

#: For what takes 2 ms. librdkafka 2.16 forgets a broker that a starting one does not name yet, and
#: then waits for ever for it to take the offsets (its issue 5511): only a new client gets on. So a
#: client that has lost every broker is replaced before its next transaction; one that was within a
#: transaction is given up with its process.
_OFFSETS_SECONDS = 5.0


class KafkaProducer:
    """A transactional producer. Making it fences its predecessor."""

    def __init__(self, configuration: Mapping[str, object], *, at: FaultPoint = nowhere) -> None:
        self._contact = _Contact()
        self._configuration = {**configuration, "error_cb": self._contact}
        self._at = at
        self._open = False
        self._producer = self._made()

    def begin(self) -> None:
        self._producer.poll(0)  # the contact hears what has happened meanwhile
        if self._contact.was_lost:
            _LOG.warning("every broker was away: a new client goes on")
            self._producer = self._made()
        try:
            self._producer.begin_transaction()
        except ck.KafkaException as error:
            raise translate(error) from error
        self._open = True

    def send(self, record: Outgoing) -> None:
        try:
            produce(self._producer, record)
        except ck.KafkaException as error:
            raise translate(error) from error

    def commit(self, offsets: Mapping[TopicPartition, int], *, consumer: Consumer | None) -> None:
        try:
            if offsets:
                if not isinstance(consumer, KafkaConsumer):
                    raise TypeError("offsets are committed with the consumer that read them")
                self._send_offsets(offsets, consumer.metadata())
                self._at("offsets sent")
            self._commit()
        except ck.KafkaException as error:
            self._undo_after(error)
        self._open = False

    def abort(self) -> None:
        if not self._open:
            return
        self._open = False
        try:
            self._producer.abort_transaction(REQUEST_SECONDS)
        except ck.KafkaException as error:
            raise translate(error) from error

    def close(self) -> None:
        try:
            self.abort()
        except (BrokerUnavailable, TransactionAborted):
            # The broker ends it after its timeout, or when the next of this name begins.
            self._producer.purge()

    def _made(self) -> ck.Producer:
        self._contact.was_lost = False
        made = ck.Producer(self._configuration)
        try:
            made.init_transactions(REQUEST_SECONDS * 3)
        except ck.KafkaException as error:
            raise translate(error) from error
        return made

    def _send_offsets(self, offsets: Mapping[TopicPartition, int], metadata: object) -> None:
        asked = [ck.TopicPartition(p.topic, p.partition, offset) for p, offset in offsets.items()]
        sent = Threads().submit(
            lambda: self._producer.send_offsets_to_transaction(asked, metadata, _OFFSETS_SECONDS)
        )
        try:
            sent.result(timeout=_OFFSETS_SECONDS + 1)
        except TimeoutError:
            raise BrokerUnavailable(
                f"Kafka has not taken the offsets within {_OFFSETS_SECONDS:g} s"
            ) from None

    def _commit(self) -> None:
        deadline = time.monotonic() + REQUEST_SECONDS
        while True:
            try:
                self._producer.commit_transaction(REQUEST_SECONDS)
            except ck.KafkaException as error:
                if not error.args[0].retriable() or time.monotonic() > deadline:
                    raise
            else:
                return

    def _undo_after(self, error: ck.KafkaException) -> None:
        """Abort what can be aborted; raise what the loop can act on."""
        fatal = fatal_of(error)
        if fatal is not None:
            self._open = False
            raise fatal from error
        self.abort()
        raise TransactionAborted(str(error.args[0].str())) from error


class _Contact:
    """What a client is told of its brokers. Not the producer's own: it would never be let go."""

    def __init__(self) -> None:
        self.was_lost = False

    def __call__(self, error: ck.KafkaError) -> None:
        if error.code() == ck.KafkaError._ALL_BROKERS_DOWN:
            self.was_lost = True
