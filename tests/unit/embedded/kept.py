"""Small programs that a supervisor keeps, and waiting for what becomes of them."""

import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event

from evermodel.embedded.process import Command
from evermodel.embedded.settings import inherited_environment

FOREVER = "import threading; threading.Event().wait()"


def command(
    folder: Path, code: str, *, name: str = "one", arguments: tuple[str, ...] = ()
) -> Command:
    """Return the command that runs `code`, with a log in `folder`."""
    return Command(
        name=name,
        arguments=[sys.executable, "-c", code, *arguments],
        environment=inherited_environment(),
        log=folder / f"{name}.log",
    )


def eventually(condition: Callable[[], object], *, seconds: float = 10.0) -> None:
    """Return as soon as `condition` holds; fail after `seconds`."""
    for _ in range(int(seconds / 0.02)):
        if condition():
            return
        Event().wait(0.02)
    raise AssertionError("it did not come about")
