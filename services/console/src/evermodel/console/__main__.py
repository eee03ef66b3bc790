"""``python -m evermodel.console``: settings, wiring, run."""

import asyncio
import logging
import signal
import sys

from evermodel.common.observability.logs import configure_logs
from evermodel.common.runtime.clock import SystemClock
from evermodel.console.settings import Settings
from evermodel.console.wiring import console

_LOG = logging.getLogger(__name__)

#: 1: its port is taken. 3: the broker does not answer.
_FAILED, _UNAVAILABLE = 1, 3


async def serve(settings: Settings) -> int:
    """Serve until a signal; return the exit code."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    started = f"{SystemClock().now():%Y%m%dT%H%M%S%f}"
    async with console(settings, started=started) as port:
        _LOG.info("console on http://%s:%s/api/models", settings.host, port)
        await stopping.wait()
    return 0


def main() -> int:
    """Run until a signal; return the exit code."""
    settings = Settings()
    configure_logs(service="console", level=settings.health.log_level)
    try:
        return asyncio.run(serve(settings))
    except OSError as error:
        _LOG.error("%s", error)
        return _FAILED


if __name__ == "__main__":
    sys.exit(main())
