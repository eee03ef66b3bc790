"""``python -m evermodel.scorer``: settings, wiring, run."""

import sys

from evermodel.common.runtime.service import run_service
from evermodel.scorer.settings import Settings
from evermodel.scorer.wiring import wire


def main() -> int:
    """Run until a signal; return the exit code."""
    settings = Settings()
    return run_service(lambda: wire(settings), kafka=settings.kafka, health=settings.health)


if __name__ == "__main__":
    sys.exit(main())
