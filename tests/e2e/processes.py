"""Which processes belong to a run: those that were told its folder, in whatever way."""

from contextlib import suppress
from pathlib import Path

import psutil


def processes_of(folder: Path) -> list[psutil.Process]:
    """Return the running processes whose command line or environment names `folder`.

    A service is started as ``python -m evermodel.scorer``: its environment alone tells whose it
    is (``EVERMODEL_WORK``); the broker's command line does.
    """
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):  # it ended meanwhile, or is somebody else's
            told = [*process.cmdline(), *process.environ().values()]
            if any(str(folder) in word for word in told):
                found.append(process)
    return found
