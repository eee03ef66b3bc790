"""Which changes Git has not taken yet, as far as the deployer's state topic says.

Must never read a topic itself: what has been read is told to it.
"""

import json

from evermodel.common.messaging.records import Record


class Owing:
    """What Git is owed of every model."""

    def __init__(self) -> None:
        self._owed: dict[str, int] = {}

    def on_state(self, record: Record) -> None:
        """Note what the deployer keeps of a model."""
        state = json.loads(record.value) if record.value else {}
        self._owed[(record.key or b"").decode()] = len(state.get("owed", ()))

    def missing(self, model: str) -> str | None:
        """Return what Git is owed, or None.

        A version is taken back before Git is told: who asks Git right then hears of that version.
        """
        owed = self._owed.get(model, 0)
        return f"Git has not taken {owed} change(s) of {model}" if owed else None
