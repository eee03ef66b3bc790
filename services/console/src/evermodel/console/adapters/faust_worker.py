"""Runs a Faust app in this process until a signal."""

import asyncio
from typing import NoReturn

import faust


class FaustWorker:
    """One Faust worker, without Faust's command line."""

    def __init__(self, app: faust.App) -> None:
        self._app = app

    def run(self) -> NoReturn:
        """Run until SIGINT or SIGTERM; Faust then leaves by ``SystemExit``."""
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        # Our own logs are configured already: Faust must not replace them.
        worker = faust.Worker(self._app, loop=loop, loglevel=None, override_logging=False)
        worker.execute_from_commandline()
