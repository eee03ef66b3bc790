"""librdkafka's errors as the loop's: fenced, unavailable, or a transaction to repeat."""

import confluent_kafka as ck

from evermodel.common.messaging.ports import BrokerUnavailable, Fenced, TransactionAborted

_FENCED = {
    ck.KafkaError._FENCED,
    ck.KafkaError.FENCED_INSTANCE_ID,
    ck.KafkaError.INVALID_PRODUCER_EPOCH,
    ck.KafkaError.PRODUCER_FENCED,
}
#: A consumer is told once, in words, that it can do no more: by then nothing else comes to it.
_MEMBER_FENCED = ck.KafkaError(ck.KafkaError.FENCED_INSTANCE_ID).str()


def fatal_of(error: ck.KafkaException) -> Fenced | BrokerUnavailable | None:
    """Return what ends the process, or None when the transaction can be repeated."""
    cause = error.args[0]
    if cause.code() in _FENCED or _MEMBER_FENCED in cause.str():
        return Fenced(f"another process took this one's place: {cause.str()}")
    if cause.txn_requires_abort() and not cause.fatal():
        return None
    return BrokerUnavailable(f"Kafka refused or did not answer: {cause.str()}")


def translate(error: ck.KafkaException) -> Fenced | BrokerUnavailable | TransactionAborted:
    """Return the loop's error for `error`."""
    return fatal_of(error) or TransactionAborted(error.args[0].str())
