"""What the console needs from outside: somebody who reads the topics to it."""

from typing import Protocol


class Worker(Protocol):
    """Follows the topics and answers the pages until told to stop."""

    def run(self) -> int:
        """Run until a signal; return the exit code."""
