"""Puts the console together; the only module that sees all of it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass

from evermodel.common.observability.health import health_server
from evermodel.common.observability.metrics import Metrics
from evermodel.console.adapters.faust_app import make_app, make_tables, running, subscribe
from evermodel.console.adapters.http_endpoint import endpoint
from evermodel.console.adapters.kafka_redrives import following
from evermodel.console.handlers.answers import Answers
from evermodel.console.handlers.projection import DEAD_LETTERS, LIFECYCLE, Projection
from evermodel.console.settings import Settings


@dataclass(frozen=True, slots=True)
class Running:
    """A console that runs: its port, and whether it still follows the topics."""

    port: int
    is_healthy: Callable[[], bool]


@asynccontextmanager
async def console(settings: Settings, *, started: str) -> AsyncIterator[Running]:
    """Run the console while the block runs.

    `started` tells this start from every other: it names the consumer group, so that the
    topics are read from their beginning.

    Raises:
        Misconfigured: others could ask it, and no token is set.
    """
    app = make_app(kafka=settings.kafka, group=f"evermodel-console-{started}", folder=settings.work)
    tables = make_tables(app)
    projection = Projection(tables)
    subscribe(app, (*LIFECYCLE, *DEAD_LETTERS), to=projection.on_record)

    def healthy() -> bool:
        return app.started and not app.should_stop and not app.crashed

    token = settings.http.guard(settings.host, variable="EVERMODEL_CONSOLE_HOST")
    with _health(settings, healthy=healthy):
        async with (
            endpoint(
                Answers(tables),
                host=settings.host,
                port=settings.port,
                healthy=healthy,
                token=token,
            ) as port,
            running(app),
            following(settings.kafka, DEAD_LETTERS, to=projection.on_put_back),
        ):
            yield Running(port, healthy)


def _health(settings: Settings, *, healthy: Callable[[], bool]) -> AbstractContextManager[object]:
    """Answer where every other service is asked for its health, when a port is set."""
    if settings.health.port is None:
        return nullcontext()
    return health_server(
        host=settings.health.host,
        port=settings.health.port,
        metrics=Metrics(),
        healthy=healthy,
        ready=healthy,
        token=settings.http.guard(settings.health.host, variable="EVERMODEL_HEALTH_HOST"),
    )
