"""The Faust application: one agent over every topic the console reads, and its tables.

Owns everything Faust. Its offsets are worth nothing: Faust commits past a record still in
flight, so each start takes a consumer group of its own and reads from the beginning.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import faust
from aiokafka.errors import KafkaError  # type: ignore[import-untyped]  # ships no types
from faust.types.auth import CredentialsT
from yarl import URL

from evermodel.common.messaging.ports import BrokerUnavailable
from evermodel.common.settings.kafka import KafkaSettings
from evermodel.console.adapters.faust_tables import ViewTable
from evermodel.console.adapters.faust_transport import CommittedTransport
from evermodel.console.ports import Seen, Tables

#: Topics that appear after the start are found within this time.
_METADATA_MS = 5000


def make_app(*, kafka: KafkaSettings, group: str, folder: Path) -> faust.App:
    """Return an application that reads everything anew as consumer group `group`.

    Faust makes a folder for its tables even when they live in memory: below `folder`.
    """
    data = folder / "console"
    data.mkdir(parents=True, exist_ok=True)
    app = faust.App(
        group,
        broker=[URL(f"kafka://{s.strip()}") for s in kafka.bootstrap_servers.split(",") if s],
        broker_credentials=credentials(kafka),
        store="memory://",
        datadir=data,
        consumer_auto_offset_reset="earliest",
        consumer_metadata_max_age_ms=_METADATA_MS,
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
    )
    app.transport = CommittedTransport(app.conf.broker_consumer, app)
    return app


def credentials(kafka: KafkaSettings) -> CredentialsT | None:
    """Return the settings' credentials as Faust takes them."""
    context = None
    if kafka.security_protocol.endswith("SSL"):
        import ssl  # noqa: PLC0415  # only who encrypts

        context = ssl.create_default_context(cafile=kafka.ssl_ca_location)
        if kafka.ssl_certificate_location is not None:
            context.load_cert_chain(kafka.ssl_certificate_location, kafka.ssl_key_location)
    if kafka.security_protocol.startswith("SASL"):
        return faust.SASLCredentials(
            username=kafka.sasl_username,
            password=kafka.password(),
            mechanism=kafka.sasl_mechanism or "PLAIN",
            ssl_context=context,
        )
    return None if context is None else faust.SSLCredentials(context)


def make_tables(app: faust.App) -> Tables:
    """Return the views as tables of `app`."""
    return Tables(
        serving=ViewTable(app, name="serving"),
        lifecycles=ViewTable(app, name="lifecycles"),
        events=ViewTable(app, name="events"),
        last=ViewTable(app, name="last"),
        topics=ViewTable(app, name="topics"),
        positions=ViewTable(app, name="positions"),
        letters=ViewTable(app, name="letters"),
        put_back=ViewTable(app, name="put_back"),
    )


def subscribe(app: faust.App, topics: Iterable[str], *, to: Callable[[Seen], None]) -> None:
    """Let an agent of `app` give every record of `topics` to `to`."""
    channel = app.topic(
        *topics,
        key_type=bytes,
        value_type=bytes,
        key_serializer="raw",
        value_serializer="raw",
    )

    async def read(stream: Any) -> None:
        async for event in stream.events():
            to(_seen(event.message))

    app.agent(channel, name="console")(read)


@asynccontextmanager
async def running(app: faust.App) -> AsyncIterator[None]:
    """Run `app` while the block runs.

    Raises:
        BrokerUnavailable: the broker does not answer.
    """
    try:
        await app.start()
        yield
    except KafkaError as error:
        raise BrokerUnavailable(f"the broker does not answer: {error}") from error
    finally:
        await app.stop()


def _seen(message: Any) -> Seen:
    return Seen(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        value=message.value,
        headers=_headers(message.headers),
    )


def _headers(headers: Any) -> Sequence[tuple[str, bytes | None]]:
    pairs = headers.items() if isinstance(headers, dict) else headers or ()
    return [(str(name), value) for name, value in pairs]
