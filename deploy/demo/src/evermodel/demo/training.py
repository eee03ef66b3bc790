"""Which model is being trained, and for how long, as far as the trainer's state topic says.

Must never read a topic itself: what has been read is told to it.
"""

import json

from evermodel.common.kernel.clock import Clock
from evermodel.common.messaging.records import Record


class Training:
    """The training of every model that is in flight.

    `seconds`: how long those that are over took together, by model.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began: dict[str, float] = {}
        self.seconds: dict[str, float] = {}

    def on_state(self, record: Record) -> None:
        """Note what the trainer keeps of a model: a training begins, or is over."""
        model, now = (record.key or b"").decode(), self._clock.monotonic()
        state = json.loads(record.value) if record.value else {}
        if state.get("in_flight"):
            self._began.setdefault(model, now)
        elif model in self._began:
            self.seconds[model] = self.seconds.get(model, 0.0) + now - self._began.pop(model)

    def is_in_flight(self, model: str) -> bool:
        """Return whether `model` is being trained now."""
        return model in self._began
