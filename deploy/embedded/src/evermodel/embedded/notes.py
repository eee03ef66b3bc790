"""How every process of a stack stands, written down by its supervisor for `evermodel status`.

Owns the file ``processes/standings``. It holds those that are down as well, of which there is no
process record. It is there only while a supervisor runs; what one that was killed left is removed
by the next.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from evermodel.embedded.whole_file import write_whole

State = Literal["running", "restarting"]
_NAME = "standings"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """How one process stands. Its form is public, in `status --json`: add, never change."""

    name: str
    state: State
    pid: int | None
    restarts: int
    last_exit_code: int | None
    """-n: signal n ended it; None: it never ended."""
    log: str = ""
    """Where it writes what it says: the broker and MLflow beside their data."""

    @property
    def is_down(self) -> bool:
        """Whether it ran and does not run now; one that was not started yet is not down."""
        return self.state != "running" and self.restarts > 0


class Notes:
    """The file, for the one who writes it."""

    def __init__(self, records: Path) -> None:
        self._file = records / _NAME
        self._written: list[Note] = []
        self.remove()

    def write(self, notes: Sequence[Note]) -> None:
        """Write `notes` down if they are news; the file appears whole.

        A disk that is full keeps nobody from running: it is tried again at the next look.
        """
        if list(notes) == self._written:
            return
        with suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._file, json.dumps([asdict(note) for note in notes]))
            self._written = list(notes)

    def remove(self) -> None:
        """Remove the file: nothing is kept running any more."""
        with suppress(OSError):
            self._file.unlink(missing_ok=True)


def read_notes(records: Path) -> list[Note]:
    """Return how the processes of a running supervisor stand; none where nothing is written."""
    try:
        return [Note(**note) for note in json.loads((records / _NAME).read_text("utf-8"))]
    except (OSError, ValueError, TypeError):
        return []
