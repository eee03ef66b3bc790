"""Ends a stack from outside: asks its supervisor, or clears up after one that was killed."""

import os
import signal
from pathlib import Path

import psutil

from evermodel.embedded import lock
from evermodel.embedded.errors import NotAvailable
from evermodel.embedded.process import sweep

_SECONDS = 15.0


def end(folder: Path) -> str:
    """End the stack of `folder`; return what was done, for a person.

    Raises:
        NotAvailable: its supervisor does not end.
    """
    pid = lock.holder(folder)
    if pid is not None:
        os.kill(pid, signal.SIGTERM)
        _, alive = psutil.wait_procs([psutil.Process(pid)], timeout=_SECONDS)
        if alive:
            raise NotAvailable(
                f"process {pid} does not end: 'kill -9 {pid}', then 'evermodel down'"
            )
    left = sweep(folder / "processes")
    if pid is not None:
        return f"ended the stack of {folder} (process {pid})"
    return f"ended {len(left)} processes left in {folder}" if left else f"nothing runs in {folder}"
