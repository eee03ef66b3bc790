"""How far redrives have come, asked of Kafka again and again.

Where a dead letter was put back shows in no topic, only in the offsets of the redrive's group.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress

from evermodel.common.messaging.kafka_groups import KafkaGroups
from evermodel.common.messaging.ports import BrokerUnavailable
from evermodel.common.settings.kafka import KafkaSettings

_LOG = logging.getLogger(__name__)

#: What a person put back is gone from the page within this time.
EVERY_SECONDS = 3.0


@asynccontextmanager
async def following(
    kafka: KafkaSettings, topics: Iterable[str], *, to: Callable[[Mapping[str, int]], None]
) -> AsyncIterator[None]:
    """Give `to` the offsets by ``topic/partition`` again and again while the block runs."""
    asking = asyncio.create_task(_ask(kafka, list(topics), to))
    try:
        yield
    finally:
        asking.cancel()
        with suppress(asyncio.CancelledError):
            await asking


async def _ask(
    kafka: KafkaSettings, topics: list[str], to: Callable[[Mapping[str, int]], None]
) -> None:
    groups = KafkaGroups(kafka)
    while True:
        try:
            found = await asyncio.to_thread(groups.put_back, topics)
        except BrokerUnavailable as error:  # what is shown stays as it was
            _LOG.warning("how far redrives have come is not known: %s", error)
        else:
            to({f"{at.topic}/{at.partition}": offset for at, offset in found.items()})
        await asyncio.sleep(EVERY_SECONDS)
