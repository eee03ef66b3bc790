"""``python -m evermodel.console``: settings, wiring, run."""

import asyncio
import logging
import os
import signal
import sys

from evermodel.common.messaging.ports import BrokerUnavailable
from evermodel.common.observability.logs import configure_logs
from evermodel.common.runtime.clock import SystemClock
from evermodel.common.runtime.service import explained, read, secrets_of, tell_started
from evermodel.console.settings import Settings
from evermodel.console.wiring import console

_LOG = logging.getLogger(__name__)

#: How often it is looked at whether Faust still runs.
_LOOK_SECONDS = 1.0
#: Its parts have this long to end; the supervisor kills after five seconds.
_END_SECONDS = 3.0
#: Faust tells each part's start and stop; its warnings are enough.
_CHATTY = ("faust", "mode", "aiokafka", "evermodel.console.adapters")

#: 1: its port is taken. 3: the broker does not answer.
_FAILED, _UNAVAILABLE = 1, 3


async def serve(settings: Settings) -> int:
    """Serve until a signal; return the exit code."""
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    work = asyncio.create_task(_follow(settings))
    stopping = asyncio.create_task(told.wait())
    # It may be starting still, and with a broker that went away a start never comes to its end.
    await asyncio.wait({work, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if work.done():
        stopping.cancel()
        return work.result()
    work.cancel()
    _, left = await asyncio.wait({work}, timeout=_END_SECONDS)
    if left:  # nor may its end; it writes nothing, so nothing is lost
        logging.shutdown()
        os._exit(0)
    return 0


async def _follow(settings: Settings) -> int:
    """Serve for as long as it follows the topics; return the exit code."""
    started = f"{SystemClock().now():%Y%m%dT%H%M%S%f}"
    async with console(settings, started=started) as running:
        _LOG.info("console on http://%s:%s/api/models", settings.host, running.port)
        tell_started(settings.health)
        while running.is_healthy():
            await asyncio.sleep(_LOOK_SECONDS)
    _LOG.error("it no longer follows the topics: a fresh start reads them anew")
    return _FAILED


def main() -> int:
    """Run until a signal; return the exit code."""
    settings = read(Settings)
    configure_logs(service="console", level=settings.health.log_level, secrets=secrets_of(settings))
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        return asyncio.run(serve(settings))
    except BrokerUnavailable as error:
        _LOG.error("%s", error)
        return _UNAVAILABLE
    except OSError as error:
        _LOG.error("%s", error)
        return _FAILED


if __name__ == "__main__":
    sys.exit(explained(main))
