"""Become a command that its starter's death ends. ``python launcher.py PARENT_PID COMMAND…``

On Linux the kernel sends this process SIGTERM when its starter dies, even by ``kill -9``; the
wish outlives the exec. Elsewhere the process records in the state folder do it at the next
start. Standard library only, so that it costs 15 ms and nothing once it has become COMMAND.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Replace this process by the command in `arguments`, after the parent's process id."""
    parent = int(arguments[0])
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it died before the kernel had heard the wish
        sys.exit(1)
    os.execvp(arguments[1], arguments[1:])  # noqa: S606  # no shell is meant


if __name__ == "__main__":
    main(sys.argv[1:])
