"""Puts the console together; the only module that sees all of it."""

from evermodel.common.kernel.clock import Clock
from evermodel.console.adapters.aiohttp_pages import Pages
from evermodel.console.adapters.faust_topics import application
from evermodel.console.adapters.faust_worker import FaustWorker
from evermodel.console.handlers.projections import Projections
from evermodel.console.ports import Worker
from evermodel.console.settings import Settings


def wire(settings: Settings, *, clock: Clock) -> Worker:
    """Return the console, ready to run."""
    projections = Projections()
    pages = Pages(projections, host=settings.console.host, port=settings.console.port)
    start = clock.now().strftime("%Y%m%dT%H%M%S%f")
    app = application(kafka=settings.kafka, projections=projections, pages=pages, start=start)
    return FaustWorker(app)
