"""A producer that writes what librdkafka's binding never would: header names that are no UTF-8.

Run as a process of its own, ``python foreign_producer.py BOOTSTRAP TOPIC PARTITION`` with the value
on its input: aiokafka checks names in its compiled half, and imports the other one only if told to
before.
"""

import asyncio
import os
import sys


def main(bootstrap: str, topic: str, partition: str, value: bytes) -> None:
    """Write one record whose second header has a name of two bytes that are no character."""
    os.environ["AIOKAFKA_NO_EXTENSIONS"] = "1"
    from aiokafka import AIOKafkaProducer  # type: ignore[import-untyped]  # noqa: PLC0415

    class Odd(str):
        """A name that goes out as it should not."""

        __slots__ = ()

        def encode(self, *_: object) -> bytes:
            return b"\xff\xfe"

    async def send() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
        await producer.start()
        try:
            await producer.send_and_wait(
                topic, value, partition=int(partition), headers=[("a", b"1"), (Odd("??"), b"2")]
            )
        finally:
            await producer.stop()

    asyncio.run(send())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], sys.stdin.buffer.read())
