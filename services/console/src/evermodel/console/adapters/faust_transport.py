"""Faust's Kafka transport, reading only what was committed.

Faust reads committed records only when it processes in transactions, which would make it a
transactional producer too. The services publish in transactions: without this, the console
would show events of aborted ones, which never happened.
"""

from typing import Any, ClassVar

from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer, Transport


class _CommittedThread(AIOKafkaConsumerThread):
    def _create_worker_consumer(self, transport: Any) -> Any:
        before, self.consumer.in_transaction = self.consumer.in_transaction, True
        try:
            return super()._create_worker_consumer(transport)
        finally:
            self.consumer.in_transaction = before


class _CommittedConsumer(Consumer):
    def _new_consumer_thread(self) -> Any:
        return _CommittedThread(self, loop=self.loop, beacon=self.beacon)


class CommittedTransport(Transport):
    """See the module."""

    Consumer: ClassVar[Any] = _CommittedConsumer
