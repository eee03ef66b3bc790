"""``python -m evermodel.scorer [--wait]``: settings, wiring, run.

With ``--wait`` it imports what takes seconds, and goes on when its standard input says so: what a
supervisor keeps beside the scorer that works. Until then it has spoken to nobody.
"""

import sys

from evermodel.common.runtime.ahead import take_job
from evermodel.common.runtime.ending import leave
from evermodel.common.runtime.service import explained, read, start
from evermodel.scorer.settings import Settings
from evermodel.scorer.wiring import prepare, wire


def main(arguments: list[str]) -> int:
    """Serve, once it is its turn; return the exit code."""
    if arguments == ["--wait"]:
        take_job(prepare=lambda: prepare(read(Settings)))
    return start(Settings, wire)


if __name__ == "__main__":
    leave(explained(lambda: main(sys.argv[1:])))
