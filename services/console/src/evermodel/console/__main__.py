"""Run the console: ``python -m evermodel.console``."""

import sys

from evermodel.common.observability.logs import configure_logs
from evermodel.common.runtime.clock import SystemClock
from evermodel.console.settings import Settings
from evermodel.console.wiring import wire


def main() -> int:
    """Run until a signal; return the exit code."""
    settings = Settings()
    configure_logs(service="console", level=settings.health.log_level)
    return wire(settings, clock=SystemClock()).run()


if __name__ == "__main__":
    sys.exit(main())
