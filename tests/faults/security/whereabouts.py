"""Where a secret lies: every record of a broker, as it was before it was packed, is looked through.

A producer packs its batches (lz4), the detector its state and the windower its windows (zlib)
besides: in the broker's files a secret would not be found. Must never search by the catalogue: a
topic that nobody meant to be there is looked through as well, and what was undone too.
"""

import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress

import confluent_kafka as ck

_POLL_SECONDS = 1.0
#: As ``_ZIPPED`` of the detector's states and ``_VERSION`` of the windower's tallies: one byte.
_PREFIX = 1


def found(secrets: Mapping[str, str], texts: Iterable[tuple[str, bytes]]) -> list[tuple[str, str]]:
    """Return the name of each secret that lies in one of `texts`, with the text's place."""
    return [
        (name, where)
        for where, text in texts
        for name, secret in secrets.items()
        if secret.encode() in text
    ]


def read(bootstrap: str) -> list[tuple[str, bytes]]:
    """Return each key, value and header of every record, unpacked, with the record's topic."""
    return [*_texts(bootstrap)]


def _texts(bootstrap: str) -> Iterator[tuple[str, bytes]]:
    for record in _records(bootstrap):
        headers = [part for header in record.headers() or [] for part in header]
        for text in (record.key(), record.value(), *headers):
            if text:
                plain = text.encode() if isinstance(text, str) else text
                yield from ((record.topic() or "", each) for each in (plain, *_unzipped(plain)))


def _unzipped(value: bytes) -> Iterator[bytes]:
    with suppress(zlib.error):
        yield zlib.decompress(value[_PREFIX:])


def _records(bootstrap: str) -> Iterator[ck.Message]:
    settings = {
        "bootstrap.servers": bootstrap,
        "group.id": "whereabouts",
        "isolation.level": "read_uncommitted",
        "enable.auto.commit": False,
        "enable.partition.eof": True,
        "auto.offset.reset": "earliest",
    }
    with closing(ck.Consumer(settings)) as consumer:
        left = {
            (topic, number)
            for topic, found in consumer.list_topics(timeout=30).topics.items()
            for number in found.partitions
        }
        consumer.assign([ck.TopicPartition(*where, ck.OFFSET_BEGINNING) for where in left])
        while left:
            for message in consumer.consume(num_messages=1000, timeout=_POLL_SECONDS):
                error = message.error()
                if error is None:
                    yield message
                elif error.code() == ck.KafkaError._PARTITION_EOF:
                    left.discard((message.topic(), message.partition()))
                else:
                    raise ck.KafkaException(error)
