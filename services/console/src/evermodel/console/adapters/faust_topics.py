"""Follows the lifecycle topics with Faust, from their beginning at every start.

Faust commits offsets past records still in flight, so what it builds must be rebuildable: each
start joins under a new group name and reads everything again. Its tables would keep a second
copy of the topics in changelogs; the projections are plain values in memory instead.
"""

import logging
from collections.abc import AsyncIterable

import faust

from evermodel.common.events.catalogue import DEAD_LETTERS
from evermodel.common.settings import KafkaSettings
from evermodel.console.adapters.aiohttp_pages import Pages
from evermodel.console.handlers.projections import Headers, Projections, told_topics


def application(
    *, kafka: KafkaSettings, projections: Projections, pages: Pages, start: str
) -> faust.App:
    """Return the Faust app. `start` makes this start's group name."""
    servers = kafka.bootstrap_servers.split(",")
    app = faust.App(
        f"evermodel-console-{start}",
        broker=";".join(f"kafka://{server}" for server in servers),
        store="memory://",
        web_enabled=False,
        consumer_auto_offset_reset="earliest",
        topic_allow_declare=False,
        topic_disable_leader=True,
        # The only setting under which Faust's consumer skips aborted transactions.
        processing_guarantee="exactly_once",
        broker_commit_interval=5.0,
    )
    _follow(app, projections)
    app.service(_serving(pages))
    return app


def _follow(app: faust.App, projections: Projections) -> None:
    told = {topic.name: topic for topic in told_topics()}
    given_up = {topic.name for topic in DEAD_LETTERS}

    async def follow(stream: faust.StreamT[bytes]) -> AsyncIterable[None]:
        async for event in stream.events():
            name = event.message.topic
            if name in given_up:
                projections.on_dead_letter(name.removesuffix(".dead-letter"))
            else:
                value = _raw(event.message.value)
                projections.on_record(told[name], value, _headers(event.headers))
            yield

    topics = app.topic(*told, *given_up, value_serializer="raw", key_serializer="raw")
    app.agent(topics, name="lifecycle")(follow)


def _serving(pages: Pages) -> type[faust.Service]:
    class Serving(faust.Service):
        """Answers the pages in Faust's own event loop, so that a view never changes meanwhile."""

        async def on_start(self) -> None:
            await pages.start()
            logging.getLogger(__name__).info("console answers at %s", pages.address)

        async def on_stop(self) -> None:
            await pages.stop()

    return Serving


def _raw(value: object) -> bytes | None:
    return bytes(value) if isinstance(value, (bytes, bytearray, memoryview)) else None


def _headers(headers: object) -> Headers:
    pairs = headers.items() if isinstance(headers, dict) else (headers or ())
    return tuple(pairs)  # type: ignore[arg-type]  # pairs of text and bytes, by Faust's contract
