"""Ends a stack from outside: asks its supervisor, or clears up after one that was killed."""

import os
import signal
from contextlib import suppress
from pathlib import Path
from threading import Event

import psutil

from evermodel.embedded import lock
from evermodel.embedded.errors import NotAvailable
from evermodel.embedded.process import sweep

_SECONDS, _LOOK_SECONDS = 15.0, 0.05


def end(folder: Path) -> str:
    """End the stack of `folder`; return what was done, for a person.

    Raises:
        NotAvailable: its supervisor does not end, or does not say which process it is.
    """
    now = lock.holder(folder)
    if now is not None:
        _end(now.pid, folder)
    left = sweep(folder / "processes")
    if now is not None:
        return f"ended the stack of {folder} (process {now.pid})"
    return f"ended {len(left)} processes left in {folder}" if left else f"nothing runs in {folder}"


def _end(pid: int | None, folder: Path) -> None:
    if pid is None:
        raise NotAvailable(f"{folder} is held by a process that does not say its id: try again")
    with suppress(ProcessLookupError, psutil.NoSuchProcess):  # it may end by itself meanwhile
        supervisor = psutil.Process(pid)
        os.kill(pid, signal.SIGTERM)
        for _ in range(int(_SECONDS / _LOOK_SECONDS)):
            # Ended as well is who has not been waited for yet by whoever started it.
            if not supervisor.is_running() or supervisor.status() == psutil.STATUS_ZOMBIE:
                return
            Event().wait(_LOOK_SECONDS)
        raise NotAvailable(f"process {pid} does not end: 'kill -9 {pid}', then 'evermodel down'")
